using System.Text.Json;
using ComfyServe.Api.Engines.Catalogue;
using ComfyServe.Api.Requests;

namespace ComfyServe.Api.Inputs;

/// <summary>
/// Finds the inputs of a workflow that hold a URL, a data URI or base64 where a file belongs. The node catalogue says which inputs name files;
/// without one, inputs of loader-like nodes do. Prompts, titles and other text are never looked at.
/// </summary>
internal static class FileInputFinder
{
    private static readonly HashSet<string> FileNames = new(StringComparer.OrdinalIgnoreCase)
    {
        "image", "mask", "video", "audio", "file", "model_file", "image_path", "video_path", "audio_path", "audio_file", "video_file", "image_file",
    };

    /// <summary>The inputs, in the order in which they stand.</summary>
    /// <param name="workflow">Valid JSON of a workflow.</param>
    /// <param name="catalogue">The engine's nodes, where known.</param>
    public static List<FileInput> Find(ReadOnlyMemory<byte> workflow, NodeCatalogue? catalogue)
    {
        var found = new List<FileInput>();
        var candidates = new List<FileInput>();
        var reader = new Utf8JsonReader(workflow.Span, new JsonReaderOptions { MaxDepth = JsonLimits.MaxDepth });
        string? node = null, type = null, property = null, input = null;
        var inInputs = false;
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName when reader.CurrentDepth == 1:
                    node = JsonText.Read(ref reader);
                    type = null;
                    candidates.Clear();
                    break;
                case JsonTokenType.PropertyName when reader.CurrentDepth == 2:
                    property = JsonText.Read(ref reader);
                    break;
                case JsonTokenType.StartObject when reader.CurrentDepth == 2:
                    inInputs = property == "inputs";
                    break;
                case JsonTokenType.EndObject when reader.CurrentDepth == 2:
                    inInputs = false;
                    break;
                case JsonTokenType.PropertyName when reader.CurrentDepth == 3 && inInputs:
                    input = JsonText.Read(ref reader);
                    break;
                case JsonTokenType.String when reader.CurrentDepth == 2 && property == "class_type":
                    type = JsonText.Read(ref reader);
                    break;
                case JsonTokenType.String when reader.CurrentDepth == 3 && inInputs && input is not null && node is not null:
                    if (JsonText.Read(ref reader) is { } value && InputValue.Of(value) is var kind and not InputValue.Kind.Name)
                    {
                        candidates.Add(new(node, "", input, value, kind, reader.TokenStartIndex, reader.BytesConsumed, false));
                    }

                    break;
                case JsonTokenType.EndObject when reader.CurrentDepth == 1 && type is not null:
                    Keep(candidates, type, catalogue, found);
                    break;
            }
        }

        return found;
    }

    private static void Keep(List<FileInput> candidates, string type, NodeCatalogue? catalogue, List<FileInput> found)
    {
        foreach (var candidate in candidates)
        {
            if (catalogue?.Find(type)?.Find(candidate.Name) is { } spec)
            {
                if (spec.IsFile)
                {
                    found.Add(candidate with { NodeType = type, NeedsFolder = spec.NeedsFolder });
                }
            }
            else if (catalogue?.Find(type) is null && IsLoader(type) && FileNames.Contains(candidate.Name))
            {
                found.Add(candidate with { NodeType = type });
            }
        }
    }

    /// <summary><c>LoadImage</c>, <c>VHS_LoadVideo</c>, <c>Image Load</c> and the like, but not those that take URLs themselves.</summary>
    private static bool IsLoader(string type) => type.Contains("Load", StringComparison.Ordinal) && !type.Contains("url", StringComparison.OrdinalIgnoreCase);
}
