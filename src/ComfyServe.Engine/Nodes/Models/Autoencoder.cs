using ComfyServe.Diffusion.Models;
using ComfyServe.Engine.Nodes.Schema;

namespace ComfyServe.Engine.Nodes.Models;

/// <summary>An autoencoder between images and latents. The weights belong to the <see cref="ModelCache"/>.</summary>
/// <param name="Network">The network.</param>
[NodeType("VAE")]
public sealed record Autoencoder(AutoencoderKl Network);
