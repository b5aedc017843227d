using ComfyServe.Diffusion.Models;
using ComfyServe.Diffusion.Text;
using ComfyServe.Engine.Nodes.Schema;

namespace ComfyServe.Engine.Nodes.Models;

/// <summary>A text encoder with its tokenizer. The weights belong to the <see cref="ModelCache"/>.</summary>
/// <param name="Network">The network.</param>
/// <param name="Tokenizer">Reads prompts, and finds embeddings by name.</param>
/// <param name="Layer">Which layer's states are used, counted from the end: −1 is the last.</param>
[NodeType("CLIP")]
public sealed record TextEncoder(ClipTextModel Network, PromptTokenizer Tokenizer, int Layer = -1);
