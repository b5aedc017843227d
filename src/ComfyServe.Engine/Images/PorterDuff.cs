using static TorchSharp.torch;

namespace ComfyServe.Engine.Images;

/// <summary>Porter and Duff's compositing operators, and six blend modes in the same form.</summary>
/// <remarks>Porter and Duff, "Compositing digital images" (1984). All operands are multiplied by alpha first.</remarks>
internal static class PorterDuff
{
    private const float LeastAlpha = 1e-5f;


    /// <summary>Combines two pictures; colours come out divided by alpha and clamped to 0..1.</summary>
    /// <param name="source">Colours, [N, H, W, C].</param>
    /// <param name="sourceAlpha">[N, H, W, 1], 1 where opaque.</param>
    /// <param name="target">Colours, as the source.</param>
    /// <param name="targetAlpha">As the source's.</param>
    /// <param name="mode">One of the eighteen names in capitals, for example <c>SRC_OVER</c>.</param>
    /// <returns>Colours and alpha.</returns>
    public static (Tensor Colors, Tensor Alpha) Composite(
        Tensor source, Tensor sourceAlpha, Tensor target, Tensor targetAlpha, string mode)
    {
        var operands = new Operands(source * sourceAlpha, sourceAlpha, target * targetAlpha, targetAlpha);
        var (colors, alpha) = Operate(operands, mode) ?? Blend(operands, mode);
        colors = where(alpha > LeastAlpha, colors / alpha, zeros_like(colors)).clamp(0, 1);
        return (colors, alpha);
    }

    /// <summary>The twelve operators: each keeps a share of the source and a share of the target.</summary>
    private static (Tensor Colors, Tensor Alpha)? Operate(Operands o, string mode)
    {
        var (s, sa, t, ta) = o;
        return mode switch
        {
            "CLEAR" => (zeros_like(t), zeros_like(ta)),
            "DST" => (t, ta),
            "DST_ATOP" => ((sa * t) + ((1 - ta) * s), sa),
            "DST_IN" => (t * sa, sa * ta),
            "DST_OUT" => ((1 - sa) * t, (1 - sa) * ta),
            "DST_OVER" => (t + ((1 - ta) * s), ta + ((1 - ta) * sa)),
            "SRC" => (s, sa),
            "SRC_ATOP" => ((ta * s) + ((1 - sa) * t), ta),
            "SRC_IN" => (s * ta, sa * ta),
            "SRC_OUT" => ((1 - ta) * s, (1 - ta) * sa),
            "SRC_OVER" => (s + ((1 - sa) * t), sa + ((1 - sa) * ta)),
            "XOR" => (((1 - ta) * s) + ((1 - sa) * t), ((1 - ta) * sa) + ((1 - sa) * ta)),
            _ => null,
        };
    }

    private static (Tensor Colors, Tensor Alpha) Blend(Operands o, string mode)
    {
        var (s, sa, t, ta) = o;
        return mode switch
        {
            "ADD" => ((s + t).clamp(0, 1), (sa + ta).clamp(0, 1)),
            "DARKEN" => (((1 - ta) * s) + ((1 - sa) * t) + minimum(s, t), Union(sa, ta)),
            "LIGHTEN" => (((1 - ta) * s) + ((1 - sa) * t) + maximum(s, t), Union(sa, ta)),
            "MULTIPLY" => (s * t, sa * ta),
            "OVERLAY" => (where(2 * t < ta, 2 * s * t, (sa * ta) - (2 * (ta - s) * (sa - t))), Union(sa, ta)),
            "SCREEN" => (s + t - (s * t), Union(sa, ta)),
            _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "unknown compositing mode"),
        };
    }

    private static Tensor Union(Tensor a, Tensor b) => a + b - (a * b);

    private sealed record Operands(Tensor Source, Tensor SourceAlpha, Tensor Target, Tensor TargetAlpha);
}
