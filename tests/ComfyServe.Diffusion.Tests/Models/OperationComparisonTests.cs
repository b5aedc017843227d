using ComfyServe.Diffusion.Models;
using ComfyServe.Diffusion.Runtime;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ComfyServe.Diffusion.Tests.Models;

/// <summary>The operations that networks are made of, against ComfyUI's: every output of the recorded file.</summary>
[Trait("kind", "comparison")]
public sealed class OperationComparisonTests
{
    private const double Tolerance = 1e-5;
    private const string Recorded = "ops.safetensors";

    public static TheoryData<string> Operations() => GoldenTensors.NamesIn(Recorded, static n => !n.StartsWith("in.", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Operations))]
    public void Operation_RecordedInputs_GivesTheSame(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenTensors(Recorded);

        var actual = Run(golden, name);

        Assert.SkipWhen(actual is null, $"'{name}' is an operation that is not built");
        TensorAssert.Close(golden[name], actual!, Tolerance, name);
    }

    private static Tensor? Run(GoldenTensors golden, string name)
    {
        var x = golden["in.x"];
        return name switch
        {
            _ when name.StartsWith("attention_heads4_", StringComparison.Ordinal) => Attention.Forward(golden["in.q"], golden["in.k"], golden["in.v"], heads: 4),
            "conv3_pad1" => Kernels.Torch.Conv2d(x, golden["in.w3"], golden["in.b"], [1, 1], [1, 1]),
            "conv3_stride2_pad1" => Kernels.Torch.Conv2d(x, golden["in.w3"], golden["in.b"], [2, 2], [1, 1]),
            "conv3_stride2_vae_pad0101" => Kernels.Torch.Conv2d(pad(x, (0, 1, 0, 1)), golden["in.w3"], golden["in.b"], [2, 2], [0, 0]),
            "gelu" => gelu(x),
            "quick_gelu" => x * (x * 1.702).sigmoid(),
            "silu" => silu(x),
            "group_norm32_eps1e-5" => group_norm(x, 32, golden["in.gw"], golden["in.gb"], 1e-5),
            "group_norm32_eps1e-6" => group_norm(x, 32, golden["in.gw"], golden["in.gb"], 1e-6),
            "nearest2x" => interpolate(x, [2 * x.shape[2], 2 * x.shape[3]], mode: InterpolationMode.Nearest),
            "timestep_embedding_32" => TimestepEmbedding.Forward(golden["in.ts"], 32),
            _ => null,
        };
    }
}
