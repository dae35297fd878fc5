/** Git, where it only looks: what may run a program or write a file is not here. */
const SHOWS =
  "--oneline --graph --all --decorate? --no-decorate --stat? --shortstat --numstat --dirstat? --summary --name-only --name-status --patch --no-patch --raw --pretty? --format= --abbrev-commit --no-abbrev-commit --abbrev? --date= --relative-date --author= --committer= --grep= --since= --after= --until= --before= --max-count= --skip= --reverse --merges --no-merges --first-parent --follow --topo-order --date-order --author-date-order --branches? --tags? --remotes? --not --color? --no-color --color-words? --word-diff? --unified= --diff-filter= --find-renames? --find-copies? --no-renames --ignore-all-space --ignore-space-change --ignore-blank-lines --ignore-space-at-eol --minimal --patience --histogram --cached --staged --merge-base --quiet --exit-code --check --full-index --binary --no-prefix --relative? --show-signature --no-walk --walk-reflogs --left-right --cherry-pick --cherry-mark --boundary --simplify-by-decoration --full-history --show-pulls --source --no-notes --notes? --no-ext-diff --no-textconv --no-mailmap --mailmap --invert-grep --all-match --regexp-ignore-case --extended-regexp --fixed-strings --perl-regexp --pickaxe-all --pickaxe-regex --submodule? --ignore-submodules? --text --no-index --compact-summary --cc --combined-all-paths --root --parents --children --left-only --right-only --ancestry-path? --exclude= --diff-algorithm= --inter-hunk-context= --function-context --src-prefix= --dst-prefix= --line-prefix= --ws-error-highlight= --stat-width= --expand-tabs? --encoding= --no-color-moved --color-moved?";
const SHORT = "-abcmpqstuwzRMCgBDilE -# -n: -S: -G: -L: -U: -M? -C? -W";

export const GIT: Readonly<Record<string, string>> = {
  git: "-v -h --version --help --exec-path *0",
  "git status":
    "-bsvz -u? --short --branch --porcelain? --long --verbose --untracked-files? --ignored? --ignore-submodules? --column? --no-column --ahead-behind --no-ahead-behind --renames --no-renames --find-renames? --show-stash --null",
  "git log": `${SHORT} ${SHOWS}`,
  "git show": `${SHORT} ${SHOWS}`,
  "git diff": `${SHORT} ${SHOWS}`,
  "git whatchanged": `${SHORT} ${SHOWS}`,
  "git shortlog": `-censw -# --numbered --summary --email --committer --group= ${SHOWS}`,
  "git diff-tree": `-rtvcms ${SHOWS} --stdin --no-commit-id`,
  "git diff-index": `-cmp ${SHOWS}`,
  "git diff-files": `-cpq ${SHOWS}`,
  "git rev-list": `${SHORT} ${SHOWS} --count --objects --disk-usage? --header --timestamp`,
  "git rev-parse":
    "-q --verify --quiet --short? --abbrev-ref? --symbolic --symbolic-full-name --show-toplevel --show-prefix --show-cdup --git-dir --git-common-dir --absolute-git-dir --is-inside-work-tree --is-inside-git-dir --is-bare-repository --is-shallow-repository --all --branches? --tags? --remotes? --default= --show-superproject-working-tree --git-path= --path-format= --sq-quote --show-object-format? --show-ref-format",
  "git branch":
    "-arvq -vv --all --remotes --list --verbose --show-current --contains? --no-contains? --merged? --no-merged? --points-at= --sort= --format= --color? --no-color --column? --no-column --abbrev? --ignore-case -i *0",
  "git branch --list":
    "-arvqi --all --remotes --list --verbose --sort= --format= --contains? --merged? --no-merged?",
  "git tag":
    "-i -n? --sort= --format= --contains? --no-contains? --merged? --no-merged? --points-at= --column? --color? --ignore-case *0",
  "git tag -l": "-il -n? --list --sort= --format= --contains? --merged? --points-at= --column?",
  "git tag --list": "-il -n? --list --sort= --format= --contains? --merged? --points-at= --column?",
  "git tag -n": "-il -n? *0",
  "git remote": "-v --verbose *0",
  "git remote show": "-n",
  "git remote get-url": "--all --push",
  "git config":
    "-z --global --local --system --worktree --show-origin --show-scope --null --type= *1",
  "git config --get":
    "--get --global --local --system --show-origin --show-scope --null -z --type= --bool --int --path --default= --includes",
  "git config --get-all": "--get-all --global --local --system --show-origin",
  "git config --get-regexp": "--get-regexp --global --local --system --show-origin --name-only",
  "git config --list":
    "--list -l -z --global --local --system --worktree --show-origin --show-scope --name-only --null *0",
  "git config -l": "-lz --global --local --system --show-origin --show-scope --name-only *0",
  "git config get":
    "--global --local --system --show-origin --show-scope --all --regexp --default= --type=",
  "git config list": "--global --local --system --show-origin --show-scope --name-only -z",
  "git stash list": `${SHORT} ${SHOWS}`,
  "git stash show": `${SHORT} ${SHOWS} --include-untracked --only-untracked`,
  "git reflog": `${SHORT} ${SHOWS} @|show|HEAD`,
  "git blame":
    "-bcCefhklMnpstwW -L: -S: -# --abbrev? --color-by-age --color-lines --date= --encoding= --first-parent --incremental --line-porcelain --porcelain --root --show-email --show-name --show-number --show-stats --since= --ignore-rev= --ignore-revs-file= --reverse --progress --minimal",
  "git annotate": "-l -L:",
  "git grep":
    "-aEeFGHhiIlLnoPpqrvwWz0c -A: -B: -C: -e: -f: -m: -# --and --or --not --all-match --cached --untracked --no-index --exclude-standard --recurse-submodules --text --ignore-case --word-regexp --invert-match --line-number --column --files-with-matches --name-only --files-without-match --count --color? --no-color --break --heading --show-function --function-context --max-depth= --max-count= --threads= --extended-regexp --fixed-strings --perl-regexp --only-matching --full-name --quiet --null",
  "git ls-files":
    "-cdfikmostuvz -x: -X: --cached --deleted --modified --others --ignored --stage --unmerged --killed --directory --no-empty-directory --eol --deduplicate --exclude= --exclude-from= --exclude-per-directory= --exclude-standard --error-unmatch --with-tree= --full-name --recurse-submodules --abbrev? --debug --format= --sparse",
  "git ls-tree":
    "-dlrtz --long --name-only --name-status --object-only --full-name --full-tree --abbrev? --format=",
  "git cat-file":
    "-epst --batch? --batch-check? --batch-all-objects --unordered --buffer --allow-unknown-type --follow-symlinks",
  "git describe":
    "-# --all --tags --contains --abbrev? --candidates= --exact-match --debug --long --match= --exclude= --always --first-parent --dirty? --broken?",
  "git name-rev": "--tags --refs= --exclude= --all --name-only --always --stdin --annotate-stdin",
  "git merge-base": "-a --all --octopus --independent --is-ancestor --fork-point",
  "git show-ref":
    "-dqs --head --heads --tags --branches --dereference --hash? --verify --exists --abbrev? --quiet --exclude-existing?",
  "git show-branch":
    "-ar --all --remotes --current --topo-order --more? --list --no-name --sha1-name",
  "git for-each-ref":
    "--count= --shell --perl --python --tcl --format= --color? --sort= --points-at= --merged? --no-merged? --contains? --no-contains? --ignore-case --omit-empty --exclude= --stdin",
  "git symbolic-ref": "-q --quiet --short *1",
  "git count-objects": "-vH --verbose --human-readable",
  "git check-ignore": "-qvnz --quiet --verbose --stdin --non-matching --no-index",
  "git check-attr": "-az --all --cached --stdin",
  "git check-ref-format": "--branch --normalize --allow-onelevel --refspec-pattern",
  "git check-mailmap": "--stdin",
  "git cherry": "-v --abbrev?",
  "git range-diff": `${SHORT} ${SHOWS}`,
  "git verify-commit": "-v --raw --verbose",
  "git verify-tag": "-v --raw --verbose",
  "git var": "-l",
  "git version": "--build-options",
  "git help": "-agc --all --guides --config",
  "git worktree list": "-vz --porcelain --verbose",
  "git submodule status": "--cached --recursive --quiet",
  "git submodule": "*0",
  "git submodule summary": "--cached --files -n:",
  "git notes list": "",
  "git notes show": "",
  "git bundle verify": "-q --quiet",
  "git bundle list-heads": "",
  "git fsck":
    "--full --no-full --strict --unreachable --dangling --no-dangling --tags --root --cache --verbose --connectivity-only --no-progress --progress --name-objects --no-reflogs",
  "git bisect log": "",
  "git clean -n": "-dnxXq --dry-run --quiet -e: --exclude=",
  "git clean --dry-run": "-dnxXq --dry-run --quiet -e: --exclude=",
  "git clean -nd": "-dnxXq --dry-run -e: --exclude=",
  "git clean -dn": "-dnxXq --dry-run -e: --exclude=",
  "git clean -ndx": "-dnxXq --dry-run -e: --exclude=",
  "git clean -nxd": "-dnxXq --dry-run -e: --exclude=",
  "git clean -dxn": "-dnxXq --dry-run -e: --exclude=",
  "git clean -xdn": "-dnxXq --dry-run -e: --exclude=",
  "git lfs ls-files": "-ls --all --long --size --name-only",
  "git lfs status": "--porcelain --json",
  "git lfs env": "",
  "git lfs version": "",
  "gh repo view": "-b: -q: -t: --branch= --json= --jq=",
  "gh repo list":
    "-L: -l: --limit= --language= --json= --jq= --visibility= --source --fork --archived --no-archived --topic=",
  "gh pr list":
    "-A: -a: -B: -H: -L: -l: -s: -S: --app= --author= --assignee= --base= --draft --head= --json= --jq= --label= --limit= --search= --state=",
  "gh pr view": "-c --comments --json= --jq= -q: -t:",
  "gh pr diff": "--color= --name-only --patch",
  "gh pr status": "-c --conflict-status --json= --jq=",
  "gh pr checks": "-i: --interval= --required --watch --json= --fail-fast",
  "gh issue list":
    "-A: -a: -L: -l: -m: -s: -S: --app= --author= --assignee= --json= --jq= --label= --limit= --mention= --milestone= --search= --state=",
  "gh issue view": "-c --comments --json= --jq= -q:",
  "gh issue status": "--json= --jq=",
  "gh run list":
    "-a -b: -c: -e: -L: -s: -u: -w: --branch= --commit= --event= --limit= --status= --user= --workflow= --json= --jq=",
  "gh run view":
    "-a: -j: -v --attempt= --exit-status --job= --json= --log --log-failed --verbose --jq=",
  "gh workflow list": "-a -L: --all --limit= --json=",
  "gh workflow view": "-r: -y --ref= --yaml",
  "gh release list": "-L: -O: --exclude-drafts --exclude-pre-releases --limit= --order= --json=",
  "gh release view": "--json= --jq=",
  "gh gist list": "-L: --limit= --public --secret",
  "gh label list": "-L: -S: --limit= --search= --sort= --order= --json=",
  "gh auth status": "-h: --hostname= -a --active",
  "gh search":
    "@repos|issues|prs|code|commits --limit= -L: --json= --language= --owner= --repo= --state=",
  "gh status": "-e: -o: --exclude= --org=",
  "gh version": "",
  "hg status": "-admnruciA",
  "hg log": "-l: -r: -pG --graph --template= -T:",
  "hg diff": "-r: -c: -gpU --stat",
  "svn status": "-uvq",
  "svn log": "-l: -r: -v --xml",
  "svn diff": "-r: -c: --summarize",
  "svn info": "--xml --show-item=",
  "svn ls": "-vR -r:",
};
