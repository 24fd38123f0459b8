/**
 * The scripts that shells source. Each calls `fluxctl __complete -- WORDS…`, which prints one candidate a line, followed by a tab and
 * its meaning; a line `:directories` requests directory names from the shell. Thus the scripts never go stale. Inserted text is
 * quoted, since names may come from a malicious daemon: bash does not quote by itself, zsh and fish do.
 */
export const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# bash completion of fluxctl
#   source <(fluxctl completion bash)
_fluxctl() {
  local line=\${COMP_LINE:0:COMP_POINT} cut='' value
  local -a words
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  local current=\${words[\${#words[@]}-1]}
  # readline breaks words at : and =, and replaces only what stands after the last of them.
  local breaks=\${COMP_WORDBREAKS//[^:=]/}
  [[ -n $breaks && $current == *[$breaks]* ]] && cut=\${current%"\${current##*[$breaks]}"}
  COMPREPLY=()
  while IFS=$'\\t' read -r value _; do
    if [[ $value == :directories ]]; then
      # readline quotes candidates that are marked as file names.
      compopt -o filenames 2>/dev/null
      while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -d -- "\${current#"$cut"}")
    elif [[ -n $value ]]; then
      printf -v value %q "\${value#"$cut"}"
      # A comma means nothing to the shell, and separates names for us.
      COMPREPLY+=("\${value//\\\\,/,}")
    fi
  done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -F _fluxctl fluxctl
`,
  zsh: `#compdef fluxctl
# zsh completion of fluxctl
#   source <(fluxctl completion zsh)
_fluxctl() {
  local line value
  local -a candidates
  for line in "\${(@f)$(\${words[1]} __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    value=\${line%%$'\\t'*}
    if [[ $value == :directories ]]; then
      _files -/
    elif [[ -n $value ]]; then
      # Without a meaning there is nothing to show beside the value.
      value=\${value//\\\\/\\\\\\\\}
      value=\${value//:/\\\\:}
      [[ -n \${line#*$'\\t'} ]] && value+=:\${line#*$'\\t'}
      candidates+=("$value")
    fi
  done
  (( \${#candidates} )) && _describe -V fluxctl candidates
}
# Sourced, or loaded by compinit as the function itself.
if [[ $funcstack[1] == _fluxctl ]]; then _fluxctl "$@"; else compdef _fluxctl fluxctl; fi
`,
  fish: `# fish completion of fluxctl
#   fluxctl completion fish | source
function __fluxctl_complete
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    for line in ($words[1] __complete -- $words[2..-1] (commandline --current-token --cut-at-cursor) 2>/dev/null)
        if test "$line" = ":directories"
            __fish_complete_directories (commandline --current-token --cut-at-cursor)
        else
            printf '%s\\n' $line
        end
    end
end
complete --command fluxctl --no-files --arguments '(__fluxctl_complete)'
`,
  powershell: `# PowerShell completion of fluxctl
#   fluxctl completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName fluxctl -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.StartOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
  # Some versions pass no empty word on, others both quotes: fluxctl reads either as a word that is not begun.
  if ($wordToComplete -eq '') { $words += '""' }
  $program = $commandAst.CommandElements[0].ToString()
  $lines = @(& $program __complete '--' @words 2>$null)
  # Given nothing, PowerShell completes paths; given an empty text, it does not.
  if ($lines -contains ':directories') { return }
  if ($lines.Count -eq 0) { return '' }
  foreach ($line in $lines) {
    $value, $meaning = $line -split "\`t", 2
    if (-not $meaning) { $meaning = $value }
    $text = if ($value -match '[^\\w.:/=+-]') { "'" + ($value -replace "(['\\u2018-\\u201b])", '$1$1') + "'" } else { $value }
    [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $meaning)
  }
}
`,
};
