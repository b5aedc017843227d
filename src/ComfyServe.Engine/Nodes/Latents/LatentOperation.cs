using ComfyServe.Engine.Nodes.Schema;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Nodes.Latents;

/// <summary>A change of latents that other nodes apply: once, or in each step of sampling.</summary>
/// <param name="Apply">Takes and returns [N, C, H, W].</param>
[NodeType("LATENT_OPERATION")]
public sealed record LatentOperation(Func<Tensor, Tensor> Apply);
