module flux.local/container/tools/sandbox

go 1.26.0

toolchain go1.26.8

require golang.org/x/sys v0.46.0
