# `just` lists what there is. Each recipe is one line over cargo or the program; read it here, type it by hand if you like.

sparsegate := "cargo run --release --locked --"

_list:
    @{{ just_executable() }} --list --unsorted

# Train and compare four sparsity levels on the embedded language (minutes)
[group('experiments')]
quick *ARGS:
    {{ sparsegate }} run experiments/quick.yaml --report {{ ARGS }}

# Train what is missing of SPEC, then write its report
[group('experiments')]
reproduce SPEC *ARGS:
    {{ sparsegate }} run {{ SPEC }} --report {{ ARGS }}

# Say which runs of SPEC are done, new or stale, and why
[group('experiments')]
plan SPEC *ARGS:
    {{ sparsegate }} plan {{ SPEC }} {{ ARGS }}

# One line a run of SPEC: state, epoch, metric
[group('experiments')]
status SPEC *ARGS:
    {{ sparsegate }} status {{ SPEC }} {{ ARGS }}

# Write tables and figures of SPEC from stored runs; trains nothing
[group('experiments')]
report SPEC *ARGS:
    {{ sparsegate }} report {{ SPEC }} {{ ARGS }}

# Hold the claims of SPEC against stored runs; trains nothing
[group('experiments')]
check SPEC *ARGS:
    {{ sparsegate }} check {{ SPEC }} {{ ARGS }}

# Train the same runs on every backend of a build with FEATURES, then show how far they drift
[group('experiments')]
parity FEATURES="wgpu,tch" *ARGS:
    cargo run --release --locked --features "{{ FEATURES }}" -- run experiments/parity.yaml --report {{ ARGS }}

# Write a data set and an experiment from FILE, KIND being classification or language-model
[group('data')]
new-task NAME KIND FILE *ARGS:
    {{ sparsegate }} new task {{ NAME }} --kind {{ KIND }} --from {{ FILE }} {{ ARGS }}

# Download and verify DATASET, from its own address or from SPARSEGATE_MIRROR
[group('data')]
data-fetch DATASET *ARGS:
    {{ sparsegate }} data fetch {{ DATASET }} {{ ARGS }}

# List the data sets and what is in the cache
[group('data')]
data-list:
    {{ sparsegate }} data list

# Run every test
[group('development')]
test *ARGS:
    cargo test --release --locked {{ ARGS }}

# Time the training step against PyTorch, if SPARSEGATE_PYTHON or python3 has it, on a quiet machine
[group('development')]
bench *ARGS:
    python3 scripts/bench.py {{ ARGS }}

# Check lints as CI does
[group('development')]
lint:
    cargo clippy --release --locked --all-targets -- -D warnings

# Time the forward pass of compact models: of runs that are done, or --authors TASK
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

# Do all that CI does, from formatting to a real run
[group('development')]
ci *STAGES:
    .ci/run {{ STAGES }}
