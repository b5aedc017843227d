using System.Net.Http.Headers;

namespace ComfyServe.Provisioning.Downloads;

/// <summary>Names of files that a server or a URL gives: taken only where they are plain names.</summary>
internal static class DestinationName
{
    private const int Longest = 200;

    /// <summary>The name that the answer states, else the last segment of the URL that was asked for, else null.</summary>
    public static string? Of(ContentDispositionHeaderValue? disposition, Uri url)
    {
        var stated = disposition?.FileNameStar ?? disposition?.FileName?.Trim('"');
        return Safe(stated) ?? Safe(Uri.UnescapeDataString(url.AbsolutePath.Split('/')[^1]));
    }

    /// <summary>The text as a file's name, or null where it could leave its folder or hide.</summary>
    public static string? Safe(string? name)
    {
        var plain = name?.Replace('\\', '/').Split('/')[^1].Trim();
        return string.IsNullOrEmpty(plain) || plain.Length > Longest || plain[0] == '.' || plain.Any(char.IsControl) ? null : plain;
    }
}
