using System.Text;

namespace ComfyServe.Api.Outputs;

/// <summary>Keys of objects: slash-separated names without anything that a file system or a URL would take for more than a name.</summary>
internal static class ObjectKey
{
    private const int MaxLength = 512;

    /// <summary>Whether <paramref name="key"/> may name an object.</summary>
    public static bool IsValid(string key) =>
        key.Length is > 0 and <= MaxLength * 2 && key.Split('/').All(part => part.Length is > 0 and <= 255 && part is not ("." or "..") && part.All(IsAllowed));

    /// <summary>The last part of a file name that came from an engine, made harmless.</summary>
    public static string Name(string filename)
    {
        var last = filename[(filename.LastIndexOfAny(['/', '\\']) + 1)..];
        var name = new StringBuilder(last.Length);
        foreach (var c in last)
        {
            name.Append(IsAllowed(c) ? c : '_');
        }

        var text = name.ToString();
        if (text.Length > 200)
        {
            var extension = Path.GetExtension(text);
            text = extension.Length > 20 ? text[..200] : text[..(200 - extension.Length)] + extension;
        }

        return text.Trim('.') is { Length: 0 } ? "file" : text;
    }

    private static bool IsAllowed(char c) => c is not ('/' or '\\' or '%' or '?' or '#' or '"' or '<' or '>' or '|' or ':' or '*') && !char.IsControl(c) && !char.IsSurrogate(c);
}
