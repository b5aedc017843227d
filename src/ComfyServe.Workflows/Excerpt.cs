namespace ComfyServe.Workflows;

/// <summary>Shortens what callers sent before it is shown to them again: a value may be a whole file.</summary>
public static class Excerpt
{
    /// <summary>Longest part of a value that an answer repeats.</summary>
    public const int Longest = 64;

    /// <summary>The value, cut where it is longer.</summary>
    public static string Of(string value, int longest = Longest)
    {
        if (value.Length <= longest)
        {
            return value;
        }

        var end = char.IsHighSurrogate(value[longest - 1]) ? longest - 1 : longest; // no half characters
        return value[..end] + "…";
    }
}
