using System.Text;
using ComfyServe.Api.Outputs;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Inputs;

/// <summary>The first bytes of an input: they tell its type, and how large an image becomes when it is decoded.</summary>
internal sealed class InputStart(long maxPixels)
{
    private const int Window = 4096;

    private readonly byte[] _bytes = new byte[Window];
    private int _length;

    /// <summary>Takes what came; only the beginning matters.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        var taken = bytes[..Math.Min(bytes.Length, Window - _length)];
        taken.CopyTo(_bytes.AsSpan(_length));
        _length += taken.Length;
    }

    /// <summary>The extension that the type has, with its dot: the engine's loaders choose by it.</summary>
    /// <param name="shown">The source, for messages and as a hint where the bytes do not tell.</param>
    /// <exception cref="InputException">It is empty, a web page, or an image that would be too large.</exception>
    public string Extension(string shown)
    {
        var start = _bytes.AsSpan(0, _length);
        if (start.IsEmpty)
        {
            throw new InputException(JobErrorCode.InputRefused, $"'{shown}' is empty");
        }

        if (ImageSize.Pixels(start) is { } pixels && pixels > maxPixels)
        {
            throw new InputException(JobErrorCode.InputRefused, $"'{shown}' has {pixels} pixels; at most {maxPixels} are accepted");
        }

        if (MediaType.OfBytes(start) is { } type && MediaType.ExtensionOf(type) is { } extension)
        {
            return extension == ".zip" ? Hinted(shown) ?? extension : extension;
        }

        var text = Encoding.Latin1.GetString(start[..Math.Min(start.Length, 512)]).TrimStart('\u00EF', '\u00BB', '\u00BF', ' ', '\r', '\n', '\t');
        if (text.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase))
        {
            throw new InputException(JobErrorCode.InputRefused, $"'{shown}' is a web page, not a file; give the address of the file itself");
        }

        if (text.Contains("<svg", StringComparison.OrdinalIgnoreCase))
        {
            return ".svg";
        }

        return Hinted(shown) ?? ".bin";
    }

    /// <summary>The source's own extension, where it is that of a kind of media.</summary>
    private static string? Hinted(string shown)
    {
        var path = shown.EndsWith("?…", StringComparison.Ordinal) ? shown[..^2] : shown;
        var extension = Path.GetExtension(path).ToLowerInvariant();
        var isPlain = extension.Length is > 1 and <= 12 && extension.AsSpan(1).IndexOfAnyExceptInRange('0', 'z') < 0 && extension.Skip(1).All(char.IsAsciiLetterOrDigit);
        return isPlain && !MediaType.OfName($"x{extension}").StartsWith("text/html", StringComparison.Ordinal) && MediaType.OfName($"x{extension}") != "application/octet-stream"
            ? extension
            : null;
    }
}
