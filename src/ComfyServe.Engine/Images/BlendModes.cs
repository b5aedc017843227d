using static TorchSharp.torch;

namespace ComfyServe.Engine.Images;

/// <summary>The usual ways to combine two pictures pixel by pixel, as image editors name them.</summary>
internal static class BlendModes
{
    /// <summary>Combines two pictures of one shape in 0..1.</summary>
    /// <param name="below">The lower picture.</param>
    /// <param name="above">The upper picture.</param>
    /// <param name="mode"><c>normal</c>, <c>multiply</c>, <c>screen</c>, <c>overlay</c>, <c>soft_light</c> or <c>difference</c>.</param>
    public static Tensor Apply(Tensor below, Tensor above, string mode) => mode switch
    {
        "normal" => above,
        "multiply" => below * above,
        "screen" => 1 - ((1 - below) * (1 - above)),
        "overlay" => where(below <= 0.5, 2 * below * above, 1 - (2 * (1 - below) * (1 - above))),
        "soft_light" => where(
            above <= 0.5,
            below - ((1 - (2 * above)) * below * (1 - below)),
            below + (((2 * above) - 1) * (SoftRoot(below) - below))),
        "difference" => below - above,
        _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "unknown blend mode"),
    };

    private static Tensor SoftRoot(Tensor x) => where(x <= 0.25, ((((16 * x) - 12) * x) + 4) * x, x.sqrt());
}
