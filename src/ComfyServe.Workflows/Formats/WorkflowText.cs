using System.Buffers;
using System.Text;
using System.Text.Json;
using ComfyServe.Workflows.Json;
using ComfyServe.Workflows.Pictures;

namespace ComfyServe.Workflows.Formats;

/// <summary>The JSON of what somebody sent or saved as a workflow: a text in any of the encodings that are in use, or a picture that ComfyUI saved with its workflow in it.</summary>
public static class WorkflowText
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 128 };

    /// <summary>Whether the bytes are those of a picture.</summary>
    public static bool IsPicture(ReadOnlySpan<byte> file) => file.StartsWith(PngTextReader.Signature) || OtherPicture(file) is not null;

    /// <summary>The JSON in UTF-8. A picture gives <c>{"prompt": …, "workflow": …}</c>, as far as it has them. Whether a text is JSON is left to the parser.</summary>
    /// <exception cref="WorkflowFormatException">It is a picture without a workflow.</exception>
    public static ReadOnlyMemory<byte> Read(ReadOnlyMemory<byte> file)
    {
        if (OtherPicture(file.Span) is { } kind)
        {
            throw new WorkflowFormatException([$"it is a {kind} picture; workflows are read from JSON and from PNG files as ComfyUI saves them"]);
        }

        return file.Span.StartsWith(PngTextReader.Signature) ? FromPicture(file.Span) : TolerantJson.Normalize(file);
    }

    private static ReadOnlyMemory<byte> FromPicture(ReadOnlySpan<byte> file)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var found = new HashSet<string>(StringComparer.Ordinal);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var text in PngTextReader.Read(file).Where(static t => t.Keyword is "prompt" or "workflow"))
            {
                if (Parse(text.Text) is { } value && found.Add(text.Keyword))
                {
                    writer.WritePropertyName(text.Keyword);
                    value.WriteTo(writer);
                }
            }

            writer.WriteEndObject();
        }

        return found.Count > 0
            ? buffer.WrittenMemory
            : throw new WorkflowFormatException(["it is a picture without a workflow in it: ComfyUI writes one into the PNG files of SaveImage, and other programs often drop it"]);
    }

    private static JsonElement? Parse(string text)
    {
        try
        {
            return JsonElement.Parse(TolerantJson.Normalize(Encoding.UTF8.GetBytes(text)).Span, Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? OtherPicture(ReadOnlySpan<byte> file) =>
        file.StartsWith<byte>([0xFF, 0xD8, 0xFF]) ? "JPEG"
        : file.StartsWith("RIFF"u8) && file.Length > 12 && file[8..].StartsWith("WEBP"u8) ? "WebP"
        : file.StartsWith("GIF8"u8) ? "GIF"
        : null;
}
