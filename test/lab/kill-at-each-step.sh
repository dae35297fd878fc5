# Power loss between any two steps: `kill -KILL $$` in place of each "# step:" line, in each kind of run, and in the recovery
# from it. Prints "hit KIND STEP" for each kill and "bad KIND STEP: what" for each broken promise.

bad() { echo "bad $kind $name: $*"; }
name_at() { sed -n "$1s/.*# step: //p" /run/whole.sh; }
# killed_at LINE [TIME]: when it comes by there for the first time, or the second.
killed_at() {
  sed "$1s/# step: .*/passed=\$((\${passed-0} + 1)); [ \$passed -lt ${2-1} ] || kill -KILL \$\$/" /run/whole.sh >/run/killed.sh
  script=/run/killed.sh
}
whole() { script=/run/whole.sh; }

# sudo works and is silent, visudo is content, the rule is one of the two or absent, and where it is, it works; so does the
# command line, where root finds one.
promises() {
  said=$(sudo -n true 2>&1) || bad "root's sudo: $said"
  [ -z "$said" ] || bad "sudo says: $said"
  visudo -c >/run/said 2>&1 || bad "visudo says: $(cat /run/said)"
  if [ -L $link ]; then
    $link --version || bad 'the command line does not run'
    cmp -s $line /run/a/line || cmp -s $line /run/b/line || bad 'the command line is half-written'
  fi
  [ -e $rule ] || return 0
  cmp -s $rule /run/a/rule || cmp -s $rule /run/b/rule || bad 'the rule is half-written'
  setpriv --reuid $agent --regid $agent --init-groups sudo -n $helper version >/run/said 2>&1 || bad "the rule has no effect: $(cat /run/said)"
}
run_it() {
  case $kind in
    fresh) put a ;;
    update) put b ;;
    failing) put b another ;;
    removal) take ;;
  esac
}
# What the same administrator's next run must lead to.
heal() {
  case $kind in
    removal) take && [ ! -e $rule ] && [ ! -e $helper ] && [ ! -e $line ] && [ ! -L $link ] ;;
    fresh) put a && is a ;;
    *) put b && is b ;;
  esac
}
is() {
  cmp -s $rule "/run/$1/rule" && cmp -s $helper "/run/$1/helper" && cmp -s $line "/run/$1/line" && [ "$(readlink $link)" = $line ]
}
start_over() {
  rm -rf $rule* /usr/local/libexec/sallyport $link
  [ "$kind" != fresh ] || return 0
  mkdir /usr/local/libexec/sallyport
  cp -p /run/installed/helper $helper
  cp -p /run/installed/line $line
  cp -p /run/installed/rule $rule
  ln -s $line $link
}

cp "$script" /run/whole.sh
steps=$(grep -n '# step: ' /run/whole.sh | cut -d : -f 1)
whole
put a >/run/said || { cat /run/said; exit 1; }
mkdir /run/installed
cp -p $rule /run/installed/rule
cp -p $helper /run/installed/helper
cp -p $line /run/installed/line

restoring=' rule-restored rules-restored link-restored line-restored helper-restored recovered '
changing=' program-kept program-renamed rule-kept rule-renamed proven programs-committed '

for kind in fresh update failing removal; do
  # Which steps this kind of run comes by.
  start_over
  sed 's/# step: /echo came-by /' /run/whole.sh >/run/killed.sh
  script=/run/killed.sh
  passed=" $(run_it | sed -n 's/^came-by //p' | tr '\n' ' ')"
  for at in $steps; do
    name=$(name_at "$at")
    case $passed in *" $name "*) ;; *) continue ;; esac
    # Up to the verdict a failing run is an update.
    case $kind$restoring in failing*" $name "*) ;; failing*) continue ;; esac
    for time in 1 2; do
      start_over
      killed_at "$at" $time
      run_it >/run/said 2>&1
      [ $? = 137 ] || continue
      echo "hit $kind $name"
      promises
      # Killed again while the next run puts things back.
      case $kind$changing in update*" $name "*)
        for again in $steps; do
          case $restoring in *" $(name_at "$again") "*) ;; *) continue ;; esac
          killed_at "$again"
          run_it >/run/said 2>&1
          promises
        done
      esac
      whole
      heal >/run/said 2>&1 || bad "the next run does not heal: $(cat /run/said)"
      promises
      [ -z "$(leftovers)" ] || bad "left over: $(leftovers)"
    done
  done
done
