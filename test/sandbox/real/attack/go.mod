module flux.local/test/sandbox/attack

go 1.26.0
