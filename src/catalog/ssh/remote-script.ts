/**
 * What runs on the far side: constants, without a value in them. The account's own shell may be any, fish and csh too,
 * so that the command is one line of single-quoted words without a single quote, `!` or doubled backslash in them. It
 * starts `sh`, in which everything is POSIX. Values come on stdin, each ended by NUL, and reach the scripts as
 * arguments by `xargs -0`: nothing of them is ever read as shell, nor as an option.
 */

/** Takes requests: a line `mode length token`, then so many bytes of values. Each answer ends with `<token> over`. */
const SESSION = `
LC_ALL=C; export LC_ALL; unset CDPATH; list=$1; hash=$2; head=$3; AIRKEEP_STAT=$4; export AIRKEEP_STAT;
absent=; for tool in dd find sed uname xargs; do command -v "$tool" >/dev/null 2>&1 || absent="$absent $tool"; done;
while read -r mode length token; do
  if [ -n "$absent" ]; then printf "%s tools%s\\0" "$token" "$absent"; exit 1; fi;
  case $mode in list) script=$list;; hash) script=$hash;; head) script=$head;; *) exit 1;; esac;
  dd ibs=1 count="$length" 2>/dev/null | xargs -0 sh -c "$script" sh 2>/dev/null;
  printf "%s over\\0" "$token";
done`

/**
 * Values: token, home or \`-\`, a count and files that may set UI_HOME, a count and usual homes, then depth and folder in
 * turn. Records: N name of the host, S where the home comes from, U the home, O that of the user, X what a ComfyUI is
 * told of further folders; for each folder F its path, then \`size
 * mtime device:inode:links ./path\` for each file, then E problems, or M why it cannot be entered.
 */
const LIST = `
token=$1; asked=$2; shift 2; home=; source=; blank=$(printf " \\t\\r"); quote=$(printf "\\047");
full() { case $1 in "~") full=$HOME;; "~/"*) full=$HOME/\${1#??};; *) full=$1;; esac; };
use() { case $2 in /*) if [ -z "$source" ] && [ -d "$2" ]; then home=$2; source=$1; fi;; esac; };
assigned() {
  value=;
  if [ -f "$1" ]; then value=$(
    sed -n "s/^[$blank]*\\(export[$blank][$blank]*\\)\\{0,1\\}UI_HOME=//p" "$1" | sed -n -e "s/[$blank]*\\$//" -e "\\$p"
  ); fi;
  case $value in
    \\"*) value=\${value#?}; value=\${value%%\\"*};;
    "$quote"*) value=\${value#?}; value=\${value%%"$quote"*};;
    *) value=\${value%%[$blank];*}; value=\${value%%;*}; value=\${value%%[$blank]#*};;
  esac;
  case $value in "\\$HOME/"*|"\\\${HOME}/"*) value=$HOME/\${value#*/};; *) full "$value"; value=$full;; esac;
};
walk() {
  cd "$1" || return;
  if [ -n "$printf" ]; then find -L . -maxdepth "$2" -type f -printf "%s %T@ %D:%i:%n ./%P\\0";
  else find -L . -maxdepth "$2" -type f -exec sh -c "$AIRKEEP_STAT" sh {} +; fi;
  code=$?; if [ "$code" -ne 0 ]; then echo "find ended with $code" >&2; fi;
};
printf "%s begin\\0N%s\\0" "$token" "$(uname -n)";
if [ "$asked" = - ]; then use environment "$UI_HOME"; else full "$asked"; use asked "$full"; source=asked; fi;
count=$1; shift;
while [ "$count" -gt 0 ]; do full "$1"; assigned "$full"; use "$1" "$value"; shift; count=$((count-1)); done;
count=$1; shift;
while [ "$count" -gt 0 ]; do use usual "$1"; shift; count=$((count-1)); done;
printf "S%s\\0U%s\\0O%s\\0" "$source" "$home" "$HOME"; extra=\${home%/}/extra_model_paths.yaml;
if [ -n "$home" ] && [ -f "$extra" ]; then
  if [ -r "$extra" ]; then printf "X+%s\\0" "$(dd if="$extra" ibs=1024 count=48 2>/dev/null)"; else printf "X-\\0"; fi;
fi;
case $(find / -maxdepth 0 -printf "%s %T@ %D:%i:%n %P" 2>/dev/null) in [0-9]*" "[0-9]*" "[0-9]*:[0-9]*:[0-9]*) printf=yes;; *) printf=;; esac;
while [ "$#" -gt 1 ]; do
  depth=$1; full "$2"; shift 2;
  case $full in /*) folder=$full;; *) if [ -z "$home" ]; then continue; fi; folder=\${home%/}/$full;; esac;
  printf "F%s\\0" "$folder";
  if [ -d "$folder" ]; then
    { said=$( { walk "$folder" "$depth" 1>&3; } 2>&1 | sed -n -e 1,20p -e "\\$p"); } 3>&1;
    printf "E%s\\0" "$said";
  else
    printf "M%s\\0" "$(ls -d "$folder/." 2>&1 >/dev/null)";
  fi;
done;
printf "%s end\\0" "$token"`

/** Files, for a \`find\` that prints no sizes: one \`stat\` for many, each by itself only where that fails. */
const STAT = `
all=$(stat -L -c "%s %Y %d:%i:%h" -- "$@" 2>/dev/null) && { printf "%s\\n" "$all" | for file; do
  read -r numbers; printf "%s %s\\0" "$numbers" "$file";
done; exit 0; };
for file; do
  numbers=$(stat -L -c "%s %Y %d:%i:%h" -- "$file" 2>/dev/null || stat -L -f "%z %m %d:%i:%l" -- "$file" 2>/dev/null) || {
    numbers=$(ls -ldnL -- "$file" 2>/dev/null) || { if [ -e "$file" ]; then echo "stat: $file" >&2; fi; continue; };
    numbers=$(printf "%s\\n" "$numbers" | sed -n "1s/^[^ ]*  *[^ ]*  *[^ ]*  *[^ ]*  *\\([0-9][0-9]*\\) .*/\\1 - -/p");
  };
  printf "%s %s\\0" "$numbers" "$file";
done`

/** Values: token, then paths. One record each: H and the digest, or H alone where it cannot be read. */
const HASH = `
token=$1; shift; printf "%s begin\\0" "$token";
for file; do
  sum=;
  if [ -f "$file" ]; then for tool in "sha256sum" "shasum -a 256" "openssl dgst -sha256 -r"; do
    sum=$($tool <"$file" 2>/dev/null) && break;
  done; fi;
  printf "H%s\\0" "\${sum%% *}";
done;
printf "%s end\\0" "$token"`

/** Values: token, then paths. One record each: K and the first bytes in hex, or K alone where they cannot be read. */
const HEAD = `
token=$1; shift; printf "%s begin\\0" "$token";
for file; do
  bytes=;
  if [ -f "$file" ]; then bytes=$(od -An -v -tx1 -N1024 "$file" 2>/dev/null); fi;
  printf "K%s\\0" "$bytes";
done;
printf "%s end\\0" "$token"`

const oneLine = (script: string): string => script.trim().replaceAll(/\s*\n\s*/g, ' ')
const quoted = (script: string): string => `'${oneLine(script)}'`

/** The remote command, always this. */
export const REMOTE_COMMAND = `exec sh -c ${quoted(SESSION)} sh ${quoted(LIST)} ${quoted(HASH)} ${quoted(HEAD)} ${quoted(STAT)}`

export type RequestMode = 'list' | 'hash' | 'head'

/** What is written to the far side's stdin for one request. @param token only letters, digits and `-` */
export function encodeRequest(mode: RequestMode, token: string, values: readonly Uint8Array[]): Buffer {
  const end = Uint8Array.of(0)
  const data = Buffer.concat([Buffer.from(token), end, ...values.flatMap((value) => [value, end])])
  return Buffer.concat([Buffer.from(`${mode} ${data.length} ${token}\n`), data])
}

/** busybox gives a command 32 KiB of arguments. */
export const LONGEST_REQUEST = 24_000
