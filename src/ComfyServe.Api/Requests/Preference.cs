using Microsoft.Extensions.Primitives;

namespace ComfyServe.Api.Requests;

/// <summary>What a caller prefers about waiting: the header <c>Prefer</c> of RFC 7240.</summary>
/// <param name="Wait">How long he waits for the outcome before he is content with a promise; null means until it is there.</param>
internal readonly record struct Preference(TimeSpan? Wait)
{
    private const int LongestWait = 24 * 3600;

    /// <summary>Reads the header; what it does not understand is ignored, as the RFC asks.</summary>
    public static Preference Read(StringValues header)
    {
        TimeSpan? wait = null;
        foreach (var line in header)
        {
            foreach (var preference in (line ?? "").Split(',', ';'))
            {
                var text = preference.AsSpan().Trim();
                if (text.Equals("respond-async", StringComparison.OrdinalIgnoreCase))
                {
                    wait ??= TimeSpan.Zero;
                }
                else if (text.StartsWith("wait", StringComparison.OrdinalIgnoreCase) && text[4..].TrimStart() is ['=', .. var value]
                    && int.TryParse(value.Trim().Trim('"'), out var seconds) && seconds is >= 0 and <= LongestWait)
                {
                    wait = TimeSpan.FromSeconds(seconds);
                }
            }
        }

        return new(wait);
    }
}
