using System.Globalization;

namespace ComfyServe.Diffusion.Runtime;

/// <summary>The number format that models compute in on this machine, and why.</summary>
/// <param name="Format">The format.</param>
/// <param name="Reason">Half a sentence without line breaks: what was measured or found.</param>
public sealed record FormatChoice(ComputeFormat Format, string Reason)
{
    /// <summary>How much faster than fp32 another format must be: less is within what a measurement varies, and fp32 is exact.</summary>
    private const double Gain = 0.95;

    /// <summary>Chooses the fastest format of those that compute right; fp32 where none does, or where it is about as fast.</summary>
    /// <param name="timings">Of the formats that were tried, fp32 among them.</param>
    internal static FormatChoice Of(IReadOnlyList<FormatTiming> timings)
    {
        var exact = timings.Single(static t => t.Format == ComputeFormat.Fp32);
        var fastest = timings.Where(t => t.IsRight && t.Time is not null && t != exact).MinBy(static t => t.Time);
        var isFaster = fastest is not null && (exact.Time is null || fastest.Time < exact.Time * Gain);
        var format = isFaster ? fastest!.Format : ComputeFormat.Fp32;
        var measured = timings.Count(static t => t.IsRight) == 1 ? timings.Where(static t => !t.IsRight) : timings;
        return new FormatChoice(format, $"{(measured.Any(static t => t.Time is not null && t.IsRight) ? "a small network takes " : "")}{string.Join(", ", measured.Select(Describe))}");
    }

    private static string Describe(FormatTiming timing) => timing switch
    {
        { IsRight: false } => $"{timing.Format.Name} computes wrong",
        { Time: null } => $"{timing.Format.Name} several times as long",
        { Time: { } time } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0} ms in {timing.Format.Name}"),
    };
}
