using ComfyServe.Diffusion.Models;
using ComfyServe.Diffusion.Runtime;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Models;

/// <summary>Both forms of attention, whichever of them this processor takes, against the formula in float64.</summary>
public sealed class AttentionTests
{
    private const double Bf16Tolerance = 2e-2;

    /// <summary>What <see cref="Attention.Forward"/> chooses here and the form of processors without AMX give the same.</summary>
    [Theory]
    [InlineData(2, 64, 64, 8, 40)]
    [InlineData(1, 96, 77, 2, 16)]
    [InlineData(1, 33, 33, 1, 512)]
    public void Forward_Bf16_BothFormsGiveTheFormula(long batch, long queries, long keys, int heads, long head)
    {
        TorchRuntime.Initialize();
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        using var random = new Generator(5);
        Tensor Draw(long tokens) => randn([batch, tokens, heads * head], generator: random).to(ScalarType.BFloat16);
        var (query, key, value) = (Draw(queries), Draw(keys), Draw(keys));

        var expected = Formula(query, key, value, heads);

        TensorAssert.Close(expected, Attention.Forward(query, key, value, heads), Bf16Tolerance, "chosen");
        TensorAssert.Close(expected, Attention.Sliced(query, key, value, heads), Bf16Tolerance, "sliced");
    }

    private static Tensor Formula(Tensor query, Tensor key, Tensor value, int heads)
    {
        Tensor Split(Tensor x) => x.to(ScalarType.Float64).view(x.shape[0], x.shape[1], heads, -1).transpose(1, 2); // [B, heads, N, d]
        var (q, k, v) = (Split(query), Split(key), Split(value));
        var scores = (q.matmul(k.transpose(-2, -1)) / Math.Sqrt(q.shape[^1])).softmax(-1); // [B, heads, N, M]
        return scores.matmul(v).transpose(1, 2).reshape(query.shape); // [B, N, heads·d]
    }
}
