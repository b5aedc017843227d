using System.Text.RegularExpressions;
using ComfyServe.Testing;

namespace ComfyServe.Provisioning.Tests.Deployment;

/// <summary>docs/reference/settings.md has every environment variable that the sources read.</summary>
public sealed partial class SettingsPageTests
{
    /// <summary>Texts that look like variables and are none: names of blend modes, number formats, node inputs, log marks, switches of .NET.</summary>
    private static readonly string[] Others =
    [
        "SRC_IN", "SRC_OUT", "SRC_OVER", "SRC_ATOP", "DST_IN", "DST_OUT", "DST_OVER", "DST_ATOP", "F8_E4M3", "F8_E5M2", "LATENT_OPERATION", "CONTROL_NET",
        "UNIQUE_ID", "EXTRA_PNGINFO", "BACKENDS_READY_TIMEOUT", "BACKENDS_READY", "BACKEND_UNRECOVERABLE", "KEY_ID", "AUDIO_UI", "REGEX_NONBACKTRACKING_MAX_AUTOMATA_SIZE",
    ];

    [Fact]
    public void Page_HasEveryVariableThatTheSourcesRead()
    {
        var page = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "docs", "reference", "settings.md"));
        var documented = Variable().Matches(page).Select(m => m.Groups["name"].Value).ToHashSet(StringComparer.Ordinal);

        var missing = from file in Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Path, "src"), "*.cs", SearchOption.AllDirectories)
                      from Match match in Literal().Matches(File.ReadAllText(file))
                      let name = match.Groups["name"].Value
                      where !documented.Contains(name) && !Others.Contains(name)
                      select $"{name} ({Path.GetFileName(file)})";

        Assert.Empty(missing.Distinct());
    }

    [GeneratedRegex("`(?<name>[A-Z][A-Z0-9]*(_[A-Z0-9]+)+)`", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Variable();

    [GeneratedRegex("\"(?<name>[A-Z][A-Z0-9]*(_[A-Z0-9]+)+)\"", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Literal();
}
