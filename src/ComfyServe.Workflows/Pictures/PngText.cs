namespace ComfyServe.Workflows.Pictures;

/// <summary>A named text inside a PNG.</summary>
/// <param name="Keyword">1 to 79 Latin-1 characters.</param>
/// <param name="Text">Any text without a zero character.</param>
public sealed record PngText(string Keyword, string Text);
