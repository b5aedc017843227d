using System.Globalization;
using ComfyServe.Api.Requests;

namespace ComfyServe.Api.Settings;

/// <summary>Reads the values of environment variables.</summary>
internal static class SettingValue
{
    public static int Integer(string text, int min, int max) =>
        int.TryParse(text, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max
            ? number
            : throw new FormatException($"a whole number, {min} to {max}");

    public static long Bytes(string text) =>
        long.TryParse(text, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : throw new FormatException("a number of bytes above 0");

    public static TimeSpan Seconds(string text, double min, double max) =>
        double.TryParse(text, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max
            ? TimeSpan.FromSeconds(number)
            : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"a number of seconds, {min} to {max}"));

    public static bool Boolean(string text) => Flag.TryParse(text, out var flag) ? flag : throw new FormatException("'true' or 'false'");

    public static string Url(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.Host.Length > 0
            ? text.TrimEnd('/')
            : throw new FormatException("an absolute http or https URL");

    /// <summary>URLs between commas: blanks dropped, slashes at the end cut, each once. Nothing left means none.</summary>
    public static IReadOnlyList<string> Urls(string text) =>
        [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(u => u.TrimEnd('/')).Where(u => u.Length > 0).Distinct(StringComparer.Ordinal).Select(Url)];

    /// <summary>A key of 32 bytes.</summary>
    public static byte[] Key(string text)
    {
        var key = new byte[32];
        return text.Length == 64 && Convert.FromHexString(text, key, out _, out _) == System.Buffers.OperationStatus.Done ? key : throw new FormatException("64 hexadecimal digits");
    }

    /// <summary>Words between commas, each of which must be one of <paramref name="words"/>.</summary>
    public static IReadOnlyList<string> OneOf(string text, IReadOnlyList<string> words) => List(text) is { Count: > 0 } list && list.All(words.Contains)
        ? [.. list.Distinct(StringComparer.Ordinal)]
        : throw new FormatException($"some of {string.Join(", ", words)} between commas");

    public static IReadOnlyList<string> List(string text) => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
