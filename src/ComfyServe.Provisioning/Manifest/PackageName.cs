using System.Text.RegularExpressions;

namespace ComfyServe.Provisioning.Manifest;

/// <summary>Which texts are names of packages: an option such as <c>--index-url</c> is none.</summary>
internal static partial class PackageName
{
    /// <summary>A Debian package, with or without <c>=VERSION</c> and architecture.</summary>
    public static bool IsApt(string text) => Apt().IsMatch(text);

    /// <summary>A requirement as pip takes it on its command line.</summary>
    public static bool IsPip(string text) => text[0] is not ('-' or ' ') && !text.Any(char.IsControl);

    [GeneratedRegex(@"^[a-z0-9][a-z0-9+.\-]+(:[a-z0-9]+)?(=[A-Za-z0-9.+:~\-]+)?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Apt();
}
