/** Programs that start another one of a project, a package or a repository. */
import type { Finding } from "../findings.ts";
import type { Wrapper } from "../wrapper.ts";

const FETCHED: Finding = {
  rule: "packages.run-fetched",
  level: "CAUTION",
  axes: ["network"],
  text: "may fetch a package from the network and runs it",
};

export const PROJECTS: Readonly<Record<string, Wrapper>> = {
  npx: {
    options: "-yq -p: --yes --no --no-install --quiet --package= -c: --call=",
    scripts: ["-c", "--call"],
    effect: FETCHED,
  },
  pnpx: { options: "-s", effect: FETCHED },
  bunx: { options: "--bun", effect: FETCHED },
  uvx: { options: "-q --from= --with= --python=", effect: FETCHED },
  "npm exec": {
    options: "-yc: --yes --package= --call=",
    scripts: ["-c", "--call"],
    effect: FETCHED,
  },
  "pnpm exec": {
    options: "-rc",
    effect: { rule: "packages.run", level: "CAUTION", text: "runs a program of a project" },
  },
  "pnpm dlx": { options: "--package=", effect: FETCHED },
  "yarn dlx": { options: "-q -p: --package=", effect: FETCHED },
  "pipx run": { options: "--spec= --python= --no-cache", effect: FETCHED },
  "uv run": { options: "-q --with= --python= --project= --no-sync --frozen", effect: FETCHED },
  "poetry run": {
    options: "",
    effect: { rule: "packages.run", level: "CAUTION", text: "runs a program of a project" },
  },
  "pipenv run": {
    options: "",
    effect: { rule: "packages.run", level: "CAUTION", text: "runs a program of a project" },
  },
  "bundle exec": {
    options: "--keep-file-descriptors",
    effect: { rule: "packages.run", level: "CAUTION", text: "runs a program of a project" },
  },
  "conda run": {
    options: "-n: -p: --name= --prefix= --no-capture-output --live-stream",
    effect: { rule: "packages.run", level: "CAUTION", text: "runs a program of a project" },
  },
  "direnv exec": {
    options: "",
    skip: 1,
    effect: { rule: "packages.run", level: "CAUTION", text: "runs it with a project's variables" },
  },
  "mise exec": { options: "", effect: FETCHED },
  "asdf exec": { options: "", effect: FETCHED },
  "nix-shell": {
    options: "-p: -A: -I: --pure --run= --command= --packages=",
    skip: 99,
    scripts: ["--run", "--command"],
    effect: FETCHED,
  },
  "nix develop": { options: "-c", effect: FETCHED },
  "doppler run": {
    options: "-p: -c: --project= --config= --command=",
    scripts: ["--command"],
    effect: {
      rule: "cloud.with-secrets",
      level: "CAUTION",
      axes: ["exfiltration"],
      text: "gives it secrets in its variables",
    },
  },
  "op run": {
    options: "--env-file= --no-masking",
    effect: {
      rule: "cloud.with-secrets",
      level: "CAUTION",
      axes: ["exfiltration"],
      text: "gives it secrets in its variables",
    },
  },
  "aws-vault exec": {
    options: "-n --no-session --duration=",
    skip: 1,
    effect: {
      rule: "cloud.with-secrets",
      level: "CAUTION",
      axes: ["exfiltration"],
      text: "gives it secrets in its variables",
    },
  },
  "git bisect run": {
    options: "",
    effect: {
      rule: "git.bisect",
      level: "CAUTION",
      text: "checks out one commit after the other and runs it",
    },
  },
  "git submodule foreach": {
    options: "--recursive --quiet",
    shell: true,
    effect: { rule: "git.foreach", level: "CAUTION", text: "runs it in every submodule" },
  },
};
