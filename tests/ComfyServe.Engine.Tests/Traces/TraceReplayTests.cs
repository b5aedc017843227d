using System.Text.Json.Nodes;
using ComfyServe.Engine.Images;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Testing;
using ComfyServe.Workflows.Pictures;

namespace ComfyServe.Engine.Tests.Traces;

/// <summary>Every recorded scenario against our engine: kinds, order, fields, types, statuses and error bodies are equal.</summary>
[Trait("kind", "comparison")]
public sealed class TraceReplayTests
{
    /// <summary>Headers that say when and who, or follow from content that differs.</summary>
    private static readonly HashSet<string> OwnHeaders = ["Date", "Server", "Content-Length", "Etag", "Last-Modified", "Content-Range"];

    public static TheoryData<string> Scenarios() =>
        [.. Directory.EnumerateFiles(TraceFolder.Path, "*.json").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Scenarios))]
    public async Task Replay_RecordedScenario_EqualsComfyUI(string name)
    {
        var trace = Trace.Load(Path.Combine(TraceFolder.Path, $"{name}.json"));
        var accepted = trace.Prompts.Where(p => Trace.Status(p.Response) == 200).SelectMany(p => Trace.Nodes(p.Prompt)).ToList();
        var missing = accepted.Select(n => n.Class).Distinct().Where(c => !IsBuilt(c)).ToList();
        Assert.SkipWhen(missing.Count > 0, $"nodes that are not built: {string.Join(", ", missing)}");
        var usesReference = accepted.Any(n => (string?)(n.Inputs["ckpt_name"] as JsonValue) == TraceSeeds.Reference);
        Assert.SkipWhen(usesReference && !RecordedData.IsFull, "runs the 2 GB reference checkpoint; set COMFYSERVE_TEST_FULL=1");

        await using var replay = await TraceReplay.RunAsync(trace, usesReference);

        var differences = new List<string>();
        foreach (var (request, recorded, reply) in replay.Replies)
        {
            if (Trace.Unbuilt(request["json"].AsObjectOrNull()?["prompt"], recorded, IsBuilt).Any())
            {
                continue;
            }

            differences.AddRange((await CompareAsync(replay, request, recorded, reply))
                .Select(d => $"{(string?)request["method"]} {(string?)request["path"]} ({(string?)request["note"]}): {d}"));
        }

        differences.AddRange(replay.Messages.SelectMany((m, i) => Compare(replay, m.Recorded, m.Text, m.Bytes).Select(d => $"message {i}: {d}")));
        differences.AddRange(replay.Surplus.Select(s => $"a message too many: {s}"));
        Assert.True(differences.Count == 0, string.Join("\n\n", differences));
    }

    public static TheoryData<string, int, string> UnbuiltNodes()
    {
        var cases = new TheoryData<string, int, string>();
        foreach (var trace in Scenarios().Select(s => Trace.Load(Path.Combine(TraceFolder.Path, $"{s.Data}.json"))))
        {
            foreach (var (index, prompt) in trace.Prompts.Index())
            {
                foreach (var node in Trace.Unbuilt(prompt.Prompt, prompt.Response, IsBuilt))
                {
                    cases.Add(trace.Name, index, node);
                }
            }
        }

        return cases;
    }

    /// <summary>Recorded replies that are not compared, each with the node that it takes.</summary>
    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(UnbuiltNodes))]
    public void Replay_RecordedPrompt_NeedsANodeThatIsNotBuilt(string name, int prompt, string node) =>
        Assert.Skip($"prompt {prompt} of '{name}': node '{node}' is not built");

    private static bool IsBuilt(string name) => NodeCatalogue.BuiltIn.TryGet(name, out _);

    private static async Task<List<string>> CompareAsync(TraceReplay replay, JsonObject request, JsonObject recorded, HttpResponseMessage reply)
    {
        var differences = new List<string>();
        Check(differences, "status", $"{Trace.Status(recorded)}", $"{(int)reply.StatusCode}");
        if (reply.StatusCode == System.Net.HttpStatusCode.Forbidden)
        {
            return differences; // ComfyUI refuses without a word; we say what to set.
        }

        foreach (var (header, value) in recorded["headers"]!.AsObject().Where(h => h.Key != "Connection" && !IsStricter((string?)request["path"], h.Key)))
        {
            var found = reply.Headers.NonValidated.TryGetValues(header, out var values) || reply.Content.Headers.NonValidated.TryGetValues(header, out values);
            if (OwnHeaders.Contains(header))
            {
                Check(differences, $"has header {header}", "True", $"{found || header is "Date" or "Server" or "Content-Length"}");
            }
            else
            {
                Check(differences, $"header {header}", (string)value!, string.Join(",", values));
            }
        }

        var bytes = await reply.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        if (recorded.TryGetPropertyValue("json", out var json))
        {
            var ours = JsonNode.Parse(replay.AsRecorded(System.Text.Encoding.UTF8.GetString(bytes)));
            CompareJson(differences, request, json, ours);
        }
        else if (recorded["text"] is { } text)
        {
            Check(differences, "text", (string)text!, System.Text.Encoding.UTF8.GetString(bytes));
        }
        else
        {
            CompareFile(differences, request, recorded, bytes);
        }

        return differences;
    }

    /// <summary>Files that a browser would run come as attachments: later versions of ComfyUI do the same, and ours does it for more types.</summary>
    private static bool IsStricter(string? path, string header) =>
        header is "Content-Disposition" or "Content-Type" && path is not null && (path.Contains(".html", StringComparison.Ordinal) || path.Contains(".svg", StringComparison.Ordinal));

    private static void CompareJson(List<string> differences, JsonObject request, JsonNode? recorded, JsonNode? ours)
    {
        if (Trace.Route(request).StartsWith("/internal/logs", StringComparison.Ordinal))
        {
            // What the log says is our own.
            Check(differences, "kinds", Kinds(recorded), Kinds(ours));
            return;
        }

        if (!Trace.Route(request).StartsWith("/object_info", StringComparison.Ordinal))
        {
            Check(differences, "body", Text(TraceComparison.Even(recorded)), Text(TraceComparison.Even(ours)));
            return;
        }

        foreach (var (name, entry) in recorded!.AsObject())
        {
            // Nodes that are not built are counted, by name, where each entry is compared.
            if (NodeCatalogue.BuiltIn.TryGet(name, out var node))
            {
                Check(differences, name, Text(TraceComparison.EvenNode(entry!, node)), Text(ours![name] is { } own ? TraceComparison.EvenNode(own, node) : null));
            }
        }
    }

    /// <summary>A file that we made too is compared by what it shows; one that was uploaded, by its length.</summary>
    private static void CompareFile(List<string> differences, JsonObject request, JsonObject recorded, byte[] ours)
    {
        var head = Convert.FromHexString((string)recorded["head_hex"]!);
        var isMade = Trace.Query(request, "preview") is not null || Trace.Query(request, "channel") is not null;
        if (isMade || Trace.Query(request, "type") is not ("output" or null) || recorded["base64"] is null)
        {
            Check(differences, "kind of file", $"{ImageSignature.Detect(head)}", $"{ImageSignature.Detect(ours)}");
            if (!isMade)
            {
                Check(differences, "length", $"{(int)recorded["length"]!}", $"{ours.Length}");
            }

            return;
        }

        var theirs = Convert.FromBase64String((string)recorded["base64"]!);
        if (ImageSignature.Detect(theirs) != ImageKind.Png)
        {
            Check(differences, "content", Convert.ToHexString(theirs), Convert.ToHexString(ours));
            return;
        }

        Check(differences, "texts", string.Join('\n', PngTextReader.Read(theirs)), string.Join('\n', PngTextReader.Read(ours)));
        Check(differences, "pixels", Pixels(theirs), Pixels(ours));
    }

    private static List<string> Compare(TraceReplay replay, JsonObject recorded, string? text, byte[] bytes)
    {
        var differences = new List<string>();
        if (recorded["text"] is { } expected)
        {
            var ours = text is null ? $"({bytes.Length} bytes)" : Text(TraceComparison.Even(JsonNode.Parse(replay.AsRecorded(text))));
            Check(differences, "text", Text(TraceComparison.Even(JsonNode.Parse((string)expected!))), ours);
            return differences;
        }

        Check(differences, "is binary", "True", text is null ? "True" : text);
        if (differences.Count > 0)
        {
            return differences;
        }

        Check(differences, "event", $"{(int)recorded["event_type"]!}", $"{bytes[3]}");
        var image = bytes.AsSpan(8);
        if (recorded["metadata_json"] is { } metadata)
        {
            var length = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(4));
            Check(differences, "metadata", (string)metadata!, replay.AsRecorded(System.Text.Encoding.UTF8.GetString(bytes, 8, length)));
            image = image[length..];
        }

        Check(differences, "kind of image", $"{ImageKind.Jpeg}", $"{ImageSignature.Detect(image)}");
        return differences;
    }

    private static string Kinds(JsonNode? value) =>
        value is JsonObject map ? string.Join(", ", map.Select(p => $"{p.Key}: {p.Value?.GetValueKind()}")) : $"{value?.GetValueKind()}";

    private static string Pixels(byte[] file) => Convert.ToHexString(ImageDecoder.Decode(file, "file", new ImageLimits()).Frames[0].Rgb);

    private static string Text(JsonNode? value) => value?.ToJsonString() ?? "null";

    private static void Check(List<string> differences, string what, string expected, string actual)
    {
        if (expected != actual)
        {
            differences.Add($"{what}\n  ComfyUI: {expected}\n  ours:    {actual}");
        }
    }
}
