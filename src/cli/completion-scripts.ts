/** What may stand behind a command or an option: a file, one of the words, or what nobody can guess. */
type Taken = 'file' | readonly string[];

export interface OptionWords {
  /** With its dashes. */
  readonly name: string;
  readonly help: string;
  /** Null: no value. */
  readonly takes: Taken | null;
  /** Whether its values may be a list, separated by commas. */
  readonly repeats: boolean;
}

export interface CommandWords {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly OptionWords[];
  readonly argument: Taken;
}

/** For bash 3.2 and later, which needs nothing else. */
export function bashScript(commands: readonly CommandWords[]): string {
  const names = commands.map(({ name }) => name);
  const values = commands.flatMap(bashValues);
  return `# bash completion of nylas-migrate
_nylas_migrate() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" command='' words='' word list
  COMPREPLY=()
  # The words of --option=value come apart at the equals sign.
  if [[ $cur == '=' ]]; then cur=''
  elif [[ $prev == '=' ]]; then prev="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in ${names.join('|')}) command="$word"; break ;; esac
  done
  case "$command $prev" in
${values.join('\n')}
    *)
      case "$command" in
${commands.map(bashCommand).join('\n')}
        *) words='${[...names, '--help', '--version'].join(' ')}' ;;
      esac ;;
  esac
  if [[ $words == '<file>' || $words == '<file> '* && $cur != -* ]]; then
    compopt -o filenames 2>/dev/null
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur")
    return
  fi
  list=''
  if [[ $words == ','* && $cur == *,* ]]; then list="\${cur%,*},"; fi
  words="\${words#,}"
  while IFS= read -r word; do COMPREPLY+=("$list$word"); done < <(compgen -W "\${words#<file>}" -- "\${cur#"$list"}")
  if [[ \${COMPREPLY[0]-} == *[:=] ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -F _nylas_migrate nylas-migrate`;
}

/** A value's words begin with a comma where it is a list. */
function bashValues({ name, options }: CommandWords): readonly string[] {
  return options.flatMap(({ name: option, takes, repeats }) => {
    if (takes === null) return [];
    const words = takes === 'file' ? '<file>' : `${repeats ? ',' : ''}${takes.join(' ')}`;
    return [`    '${name} ${option}') words='${words}' ;;`];
  });
}

function bashCommand({ name, options, argument }: CommandWords): string {
  const words = options.map((option) => option.name);
  const first = argument === 'file' ? ['<file>'] : argument;
  return `        ${name}) words='${[...first, ...words].join(' ')}' ;;`;
}

/** For zsh with its completion system (compinit): to be sourced, or kept in its fpath as _nylas-migrate. */
export function zshScript(commands: readonly CommandWords[]): string {
  const described = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`);
  return `#compdef nylas-migrate
_nylas_migrate() {
  local curcontext="$curcontext" state line
  local -a commands
  commands=(
${described.join('\n')}
  )
  _arguments -C '--help[the list of commands]' '--version[the version, and its commit]' '1:command:->command' '*::word:->words'
  case $state in
    command) _describe 'command' commands ;;
    words)
      case $words[1] in
${commands.map(zshCommand).join('\n')}
      esac ;;
  esac
}
if [[ $funcstack[1] == _nylas_migrate || $funcstack[1] == _nylas-migrate ]]; then _nylas_migrate "$@"
else compdef _nylas_migrate nylas-migrate
fi`;
}

function zshCommand({ name, options, argument }: CommandWords): string {
  const specs = [...options.map(zshOption), ...zshArgument(argument)];
  return `        ${name}) _arguments ${specs.map((spec) => quoted(spec)).join(' ')} ;;`;
}

function zshOption({ name, help, takes, repeats }: OptionWords): string {
  const option = `${repeats ? '*' : ''}${name}[${help.replace(/[[\]:\\]/g, '\\$&')}]`;
  if (takes === null) return option;
  return `${option}:value:${takes === 'file' ? '_files' : zshWords(takes, repeats)}`;
}

function zshWords(words: readonly string[], isList: boolean): string {
  if (words.length === 0) return ' ';
  const plain = words.map((word) => word.replaceAll(':', '\\:'));
  return isList ? `_sequence compadd - ${plain.join(' ')}` : `(${plain.join(' ')})`;
}

function zshArgument(argument: Taken): readonly string[] {
  if (argument === 'file') return ['1:file:_files'];
  return argument.length === 0 ? [] : [`1:word:(${argument.join(' ')})`];
}

/** For fish 3 and later. */
export function fishScript(commands: readonly CommandWords[]): string {
  const first = commands.map(
    ({ name, summary }) =>
      `complete -c nylas-migrate -n __fish_use_subcommand -f -a ${name} -d ${fishQuoted(summary)}`,
  );
  return [
    '# fish completion of nylas-migrate',
    'complete -c nylas-migrate -f',
    'complete -c nylas-migrate -n __fish_use_subcommand -l help -d "the list of commands"',
    'complete -c nylas-migrate -n __fish_use_subcommand -l version -d "the version, and its commit"',
    ...first,
    ...commands.flatMap(fishCommand),
  ].join('\n');
}

function fishCommand({ name, options, argument }: CommandWords): readonly string[] {
  const complete = `complete -c nylas-migrate -n "__fish_seen_subcommand_from ${name}"`;
  const words = argument === 'file' ? '-F' : `-f -a "${argument.join(' ')}"`;
  return [
    ...(argument.length === 0 ? [] : [`${complete} ${words}`]),
    ...options.map(
      (option) => `${complete} -l ${option.name.slice(2)}${fishValue(option)} -d ${fishQuoted(option.help)}`,
    ),
  ];
}

function fishValue({ takes, repeats }: OptionWords): string {
  if (takes === null) return '';
  if (takes === 'file') return ' -r -F';
  const isList = repeats && takes.length > 0;
  return isList
    ? ` -x -a '(__fish_complete_list , "printf %s\\n ${takes.join(' ')}")'`
    : ` -x -a "${takes.join(' ')}"`;
}

/** In single quotes, for bash and zsh. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function fishQuoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
