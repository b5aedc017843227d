using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Tests.Traces;

/// <summary>Makes a recorded request again.</summary>
internal static class TraceRequest
{
    private static readonly UriCreationOptions Verbatim = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <summary>The request for an engine.</summary>
    /// <param name="recorded">The recorded one.</param>
    /// <param name="engine">The engine's address.</param>
    /// <param name="ours">Replaces recorded ids with ours.</param>
    public static HttpRequestMessage Build(JsonObject recorded, Uri engine, Func<string, string> ours)
    {
        var request = new HttpRequestMessage(
            new HttpMethod((string)recorded["method"]!),
            new Uri(engine.GetLeftPart(UriPartial.Authority) + ours((string)recorded["path"]!), Verbatim))
        {
            Content = Content(recorded, ours),
        };
        foreach (var (name, value) in recorded["headers"] as JsonObject ?? [])
        {
            // An origin that was the recorded server's own is ours here.
            var text = name == "Origin" ? ((string)value!).Replace(":8199", $":{engine.Port}", StringComparison.Ordinal) : (string)value!;
            if (!request.Headers.TryAddWithoutValidation(name, text))
            {
                request.Content?.Headers.Remove(name);
                _ = request.Content?.Headers.TryAddWithoutValidation(name, text);
            }
        }

        return request;
    }

    private static HttpContent? Content(JsonObject recorded, Func<string, string> ours)
    {
        if (recorded.TryGetPropertyValue("json", out var json))
        {
            return new StringContent(ours(json?.ToJsonString() ?? "null"), Encoding.UTF8, "application/json");
        }

        return recorded["form"] is JsonObject form ? Form(form) : recorded["body"] is { } body ? new StringContent((string)body!) : null;
    }

    private static MultipartFormDataContent Form(JsonObject form)
    {
        var content = new MultipartFormDataContent();
        foreach (var (name, file) in form["files"]!.AsObject())
        {
            var bytes = (int)file!["bytes"]!;

            // Pictures of this many bytes with nothing but noise: their content was not recorded.
            var part = new ByteArrayContent(TraceSeeds.Picture(32, 32, hasAlpha: ((string)file["filename"]!).Contains("mask", StringComparison.Ordinal), bytes));
            part.Headers.ContentType = new MediaTypeHeaderValue((string)file["content_type"]!);
            _ = part.Headers.TryAddWithoutValidation("Content-Disposition", $"form-data; name=\"{name}\"; filename=\"{(string)file["filename"]!}\"");
            content.Add(part);
        }

        foreach (var (name, value) in form["fields"]!.AsObject())
        {
            content.Add(new StringContent((string)value!), name);
        }

        return content;
    }
}
