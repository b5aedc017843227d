using System.Text.Json;
using ComfyServe.Api.Engines.Catalogue;
using ComfyServe.Api.Inputs;
using ComfyServe.Api.Jobs;
using ComfyServe.Api.Requests.Checks;
using ComfyServe.Workflows;

namespace ComfyServe.Api.Requests;

/// <summary>Pictures that came beside the workflow, as RunPod's worker takes them: <c>"images": [{"name": "a.png", "image": "data:…"}]</c>. Each goes to the file inputs that name it.</summary>
internal static class SentImages
{
    /// <summary>The request with each picture in its places.</summary>
    /// <param name="request">The request.</param>
    /// <param name="catalogue">The engine's nodes, where known: they say which inputs name files.</param>
    public static JobRequest Place(JobRequest request, NodeCatalogue? catalogue)
    {
        if (request.Images.ValueKind != JsonValueKind.Array)
        {
            return request;
        }

        var warnings = new List<string>();
        var images = Read(request.Images, warnings);
        var used = new HashSet<string>(StringComparer.Ordinal);
        var workflow = WorkflowTexts.Replace(request.Workflow, (input, value) =>
        {
            if (!images.TryGetValue(value, out var image) || !FileInputFinder.Holds(input, catalogue, out _))
            {
                return null;
            }

            used.Add(value);
            return image;
        });
        warnings.AddRange(images.Keys.Where(n => !used.Contains(n)).Select(n => $"no file input names the picture '{Excerpt.Of(n)}' of 'images'"));
        return request with { Workflow = workflow, Images = default, Warnings = [.. request.Warnings, .. warnings.Take(20)] };
    }

    private static Dictionary<string, string> Read(JsonElement list, List<string> warnings)
    {
        var images = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (index, entry) in list.EnumerateArray().Index())
        {
            if (Text(entry, "name") is { Length: > 0 } name && Text(entry, "image") is { Length: > 0 } image)
            {
                images[name] = InputValue.Of(image) == InputValue.Kind.Name ? "data:application/octet-stream;base64," + image : image;
            }
            else
            {
                warnings.Add($"'images' at {index} is no {{\"name\": …, \"image\": …}} and is left out");
            }
        }

        return images;
    }

    private static string? Text(JsonElement entry, string name)
    {
        try
        {
            return entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null; // no Unicode
        }
    }
}
