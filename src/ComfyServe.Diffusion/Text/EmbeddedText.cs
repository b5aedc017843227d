using System.IO.Compression;
using System.Text;

namespace ComfyServe.Diffusion.Text;

/// <summary>Reads the Brotli-compressed text resources of this folder, line by line.</summary>
internal static class EmbeddedText
{
    /// <summary>The lines of <c>Text/Resources/NAME.br</c>.</summary>
    /// <exception cref="InvalidOperationException">The assembly was built without the resource.</exception>
    public static IEnumerable<string> ReadLines(string name)
    {
        var resource = $"{typeof(EmbeddedText).Namespace}.Resources.{name}.br";
        using var compressed = typeof(EmbeddedText).Assembly.GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"the assembly has no resource '{resource}'");
        using var text = new StreamReader(new BrotliStream(compressed, CompressionMode.Decompress), Encoding.UTF8);
        while (text.ReadLine() is { } line)
        {
            yield return line;
        }
    }
}
