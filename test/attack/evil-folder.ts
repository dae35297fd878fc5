/** A folder of the caller's in which everything is a trap, as lines for sh(1). */

/** Whatever loads, runs, sources or writes something of this folder leaves a file `canary.*` in it. */
export const EVIL = "/home/agent/evil";
export const ARRANGE_EVIL = `mkdir -p ${EVIL}/bin ${EVIL}/node_modules/fs ${EVIL}/python
for name in systemctl journalctl apt-get dpkg cat less sh env; do
  printf '#!/bin/sh\\necho >${EVIL}/canary.path\\n' >${EVIL}/bin/$name
done
cp ${EVIL}/bin/less ${EVIL}/run
echo 'require("fs").writeFileSync("${EVIL}/canary.js", "")' >${EVIL}/evil.cjs
cp ${EVIL}/evil.cjs ${EVIL}/node_modules/fs/index.js
echo 'open("${EVIL}/canary.python", "w")' >${EVIL}/python/sitecustomize.py
echo ': >${EVIL}/canary.shell' >${EVIL}/rc
echo 'DPkg::Pre-Invoke {"touch ${EVIL}/canary.apt";};APT::Update::Pre-Invoke {"touch ${EVIL}/canary.apt";};' >${EVIL}/apt.conf
printf '.include = ${EVIL}/openssl.d\\n' >${EVIL}/openssl.cnf
echo 'preload = ["./evil.cjs"]' >${EVIL}/bunfig.toml
printf 'NODE_OPTIONS=--require=${EVIL}/evil.cjs\\nBUN_OPTIONS=--preload=${EVIL}/evil.cjs\\n' >${EVIL}/.env
echo '{"main":"evil.cjs","type":"module","imports":{"#x":"./evil.cjs"}}' >${EVIL}/package.json
echo '{"nodeOptions":{"require":["${EVIL}/evil.cjs"]}}' >${EVIL}/node.config.json
printf 'node-options=--require=${EVIL}/evil.cjs\\nscript-shell=${EVIL}/run\\n' >${EVIL}/.npmrc
echo 'NODE_OPTIONS DEFAULT=--require=${EVIL}/evil.cjs' >/home/agent/.pam_environment
printf 'not a library' >${EVIL}/evil.so
chmod 755 ${EVIL}/bin/* ${EVIL}/run
chown -R agent: ${EVIL} /home/agent/.pam_environment`;
export const REMOVE_EVIL = `rm -rf ${EVIL} /home/agent/.pam_environment`;

export const CANARIES = "find / -xdev -name 'canary.*'";
