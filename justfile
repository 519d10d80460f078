# `just` lists the recipes. Each is a single cargo or sparsegate command that you can also type by hand.

sparsegate := "cargo run --release --locked --"

_list:
    @{{ just_executable() }} --list --unsorted

# Train and compare five sparsity levels on the built-in synthetic language (one to three minutes)
[group('experiments')]
quick *ARGS:
    {{ sparsegate }} run experiments/quick.yaml --report {{ ARGS }}

# Train the unfinished runs of the paper, or of a SPEC, then write the report; KEY=VALUE selects runs: task=imdb
[group('experiments')]
reproduce *ARGS:
    {{ sparsegate }} run {{ if ARGS =~ '\.ya?ml' { "" } else { "experiments/paper.yaml" } }} --report {{ ARGS }}

# Show which runs of SPEC are done, new or stale, and why
[group('experiments')]
plan SPEC *ARGS:
    {{ sparsegate }} plan {{ SPEC }} {{ ARGS }}

# Print one line per run of SPEC: state, epoch, metric
[group('experiments')]
status SPEC *ARGS:
    {{ sparsegate }} status {{ SPEC }} {{ ARGS }}

# Write every table and figure of the paper, or of a SPEC, from stored runs; trains nothing
[group('experiments')]
report *ARGS:
    {{ sparsegate }} report {{ if ARGS =~ '\.ya?ml' { "" } else { "experiments/paper.yaml" } }} {{ ARGS }}

# Check the claims of SPEC against stored runs; trains nothing
[group('experiments')]
check SPEC *ARGS:
    {{ sparsegate }} check {{ SPEC }} {{ ARGS }}

# Train the same runs on every backend of a build with FEATURES, then report the differences
[group('experiments')]
parity FEATURES="wgpu,tch" *ARGS:
    cargo run --release --locked --features "{{ FEATURES }}" -- run experiments/parity.yaml --report {{ ARGS }}

# Write a data set manifest, a task and an experiment for FILE; KIND is classification or language-model
[group('data')]
new-task NAME KIND FILE *ARGS:
    {{ sparsegate }} new task {{ NAME }} --kind {{ KIND }} --from {{ FILE }} {{ ARGS }}

# Download and verify DATASET from its own URL or from SPARSEGATE_MIRROR
[group('data')]
data-fetch DATASET *ARGS:
    {{ sparsegate }} data fetch {{ DATASET }} {{ ARGS }}

# List the data sets and which of their files are cached
[group('data')]
data-list:
    {{ sparsegate }} data list

# Run every test
[group('development')]
test *ARGS:
    cargo test --release --locked {{ ARGS }}

# Make N faults of each kind (killed processes, damaged files, full disks, bad servers) and count what becomes of them
[group('development')]
chaos N="1000" *ARGS:
    SPARSEGATE_CHAOS={{ N }} cargo test --release --locked --test chaos -- --nocapture --test-threads=1 {{ ARGS }}

# Time the training step, also of PyTorch if SPARSEGATE_PYTHON or python3 has it; needs an idle machine
[group('development')]
bench *ARGS:
    python3 scripts/bench.py {{ ARGS }}

# Run the lints of CI
[group('development')]
lint:
    .ci/run lint

# Time the forward pass of compact models: of finished runs, or --authors TASK
[group('experiments')]
speed *ARGS:
    cargo run --release -- bench {{ ARGS }}

# Format the code
[group('development')]
fmt:
    cargo fmt

# Build the API documentation
[group('development')]
docs *ARGS:
    RUSTDOCFLAGS="-D warnings" cargo doc --release --locked --no-deps {{ ARGS }}

# Check licences, sources and bans of the dependencies
[group('development')]
deny:
    cargo deny --locked check bans licenses sources

# Look for misspellings
[group('development')]
typos:
    typos

# Run all CI stages, from formatting to a real run
[group('development')]
ci *STAGES:
    .ci/run {{ STAGES }}
