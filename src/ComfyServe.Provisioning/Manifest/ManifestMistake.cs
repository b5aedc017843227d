namespace ComfyServe.Provisioning.Manifest;

/// <summary>One mistake of a manifest or of an environment shortcut.</summary>
/// <param name="Source">The file, URL or variable that holds it; without query and user.</param>
/// <param name="Line">The line, from 1; 0 where there are no lines.</param>
/// <param name="Message">What, which and what next. Never holds a token.</param>
public sealed record ManifestMistake(string Source, int Line, string Message)
{
    /// <summary>As compilers write it: <c>SOURCE:LINE: message</c>.</summary>
    public override string ToString() => Line > 0 ? $"{Source}:{Line}: {Message}" : $"{Source}: {Message}";
}
