//! The adapters that wgpu finds, and the engine on one of them.
