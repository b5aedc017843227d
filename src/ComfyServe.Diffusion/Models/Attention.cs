using ComfyServe.Diffusion.Runtime;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ComfyServe.Diffusion.Models;

/// <summary>softmax(Q·Kᵀ/√d)·V in the form that is fastest for a format and shape.</summary>
/// <remarks>
/// Measured on two cores (docs/architecture.md, "Measured facts"): libtorch's fused kernel is best in fp32, and in bf16
/// where it multiplies with AMX (2.3× at 4,096 tokens); in bf16 with AVX512_BF16 alone one matrix product per batch
/// element and head is twice as fast as the fused kernel. The latter writes in place and serves inference only.
/// </remarks>
internal static class Attention
{
    /// <summary>Largest number of scores held at once in the sliced form: 4,096 queries × 4,096 keys.</summary>
    private const long MaxScores = 1L << 24;

    /// <summary>Attends from [B, N, heads·d] to [B, M, heads·d]; the result is [B, N, heads·d].</summary>
    public static Tensor Forward(Tensor query, Tensor key, Tensor value, int heads, bool causal = false)
    {
        var sliced = query.dtype == ScalarType.BFloat16 && query.is_cpu() && !ComputeFormats.HasAmx && !causal && !query.requires_grad && !value.requires_grad;
        return sliced ? Sliced(query, key, value, heads) : Fused(query, key, value, heads, causal);
    }

    private static Tensor Fused(Tensor query, Tensor key, Tensor value, int heads, bool causal)
    {
        var attended = scaled_dot_product_attention(Split(query, heads), Split(key, heads), Split(value, heads), is_casual: causal); // [B, heads, N, d]
        return attended.transpose(1, 2).reshape(query.shape); // [B, N, heads·d]
    }

    private static Tensor Split(Tensor x, int heads) =>
        x.view(x.shape[0], x.shape[1], heads, -1).transpose(1, 2); // [B, heads, N, d]

    /// <summary>The form for bf16 without AMX: one product per batch element and head.</summary>
    internal static Tensor Sliced(Tensor query, Tensor key, Tensor value, int heads)
    {
        using var scope = NewDisposeScope();
        var (batch, queries, width) = (query.shape[0], query.shape[1], query.shape[2]);
        var head = width / heads;
        var step = Math.Max(1, Math.Min(queries, MaxScores / key.shape[1]));
        var result = empty_like(query);
        var scaled = query * (1 / Math.Sqrt(head));
        for (var b = 0L; b < batch; b++)
        {
            for (var h = 0L; h < width; h += head)
            {
                using var inner = NewDisposeScope();
                var keys = key.select(0, b).narrow(1, h, head).transpose(0, 1); // [d, M]
                var values = value.select(0, b).narrow(1, h, head); // [M, d]
                for (var first = 0L; first < queries; first += step)
                {
                    using var part = NewDisposeScope();
                    var count = Math.Min(step, queries - first);
                    var rows = scaled.select(0, b).narrow(0, first, count).narrow(1, h, head); // [n, d]
                    var scores = rows.matmul(keys).softmax(-1); // [n, M]
                    result.select(0, b).narrow(0, first, count).narrow(1, h, head).copy_(scores.matmul(values));
                }
            }
        }

        return result.MoveToOuterDisposeScope();
    }
}
