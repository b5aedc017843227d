using System.Text.Json.Nodes;
using static ComfyServe.EndToEnd.Tests.Tenancy.SharedEngine;

namespace ComfyServe.EndToEnd.Tests.Tenancy;

/// <summary>
/// Every node of the engine that names files × every file of another key. The nodes are found by how they describe themselves: what they list changes with the
/// files in the engine's folders, or they say that users upload it. A node that is new is tried without anybody thinking of it.
/// </summary>
public sealed class FileTenancyTests
{
    private static readonly string[] ModelFolders = ["checkpoints", "loras", "vae", "diffusion_models", "clip"];

    // 1×1, opaque.
    private const string Image = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

    [Fact]
    public async Task EveryLoader_OfAFileOfAnotherKey_FindsNothing()
    {
        await using var shared = await StartAsync();
        var files = await AnnsFilesAsync(shared);
        var (nodes, loaders) = await LoadersAsync(shared);
        Assert.Superset(new HashSet<string>(["LoadImage", "LoadImageMask", "LoadImageOutput", "LoadLatent", "CheckpointLoaderSimple", "LoraLoader", "VAELoader"]), loaders.Select(l => l.Type).ToHashSet());

        foreach (var (type, input, listsOwned) in loaders)
        {
            var reached = 0;
            foreach (var file in files)
            {
                if (NodeInputs.Around(nodes, type, input, file.Name) is not { } own)
                {
                    Assert.Fail($"'{type}' has inputs that this test cannot fill in: teach {nameof(NodeInputs)} to");
                    return;
                }

                reached += Reached(await shared.RunAsync(Ann, own)) ? 1 : 0;
                await Task.WhenAll(file.Spellings(shared.Data).Select(async name =>
                {
                    var (status, answer) = await shared.RunAsync(Bob, NodeInputs.Around(nodes, type, input, name)!);

                    Assert.False(Reached((status, answer)), $"{type}.{input} reads '{name}' with another key: {status} {answer.ToJsonString()}");
                    Assert.DoesNotContain(AnnFolder, answer.ToJsonString().Replace(name.Replace("\\", "\\\\", StringComparison.Ordinal), "", StringComparison.Ordinal), StringComparison.Ordinal);
                }));
            }

            Assert.True(reached > 0 || !listsOwned, $"{type}.{input} does not find the files of their own key: the test proves nothing");
        }
    }

    [Fact]
    public async Task EverySaver_WithAnyPrefix_WritesIntoTheFolderOfItsKey()
    {
        await using var shared = await StartAsync();
        await AnnsFilesAsync(shared);
        var nodes = await shared.NodesAsync();
        var before = shared.Files("output");
        var savers = nodes.Where(n => n.Value!["input"]!["required"]?["filename_prefix"] is not null).Select(n => n.Key).ToList();
        Assert.Superset(new HashSet<string>(["SaveImage", "SaveLatent"]), savers.ToHashSet());

        foreach (var type in savers)
        {
            JsonNode[] prefixes =
            [
                "private/ann", $"{AnnFolder}/private/ann", $"../{AnnFolder}/private/ann", $"x/../../{AnnFolder}/ann", $"..\\{AnnFolder}\\ann", $"checkpoints/{AnnFolder}/x", "checkpoints/../../x",
                Path.Combine(shared.Data, "output", AnnFolder, "private", "ann"), "", ".", "..", "loras/x", new JsonArray("shown", 0), 5,
            ];
            await Task.WhenAll(prefixes.Select(prefix => shared.RunAsync(Bob, NodeInputs.Around(nodes, type, "filename_prefix", prefix)!)));
        }

        var written = shared.Files("output").Except(before).ToList();
        Assert.NotEmpty(written);
        Assert.All(written, w => Assert.Equal(BobFolder, w.Split('/').First(p => p != "output" && !ModelFolders.Contains(p))));
        Assert.Contains(written, w => w.Contains("/private/ann_00001_.", StringComparison.Ordinal)); // the numbers of others are not told
    }

    /// <summary>Whether a file was found: the run went well, or a node got hold of the file and could not use it.</summary>
    private static bool Reached((int Status, JsonObject Answer) run) =>
        run.Status == 200 || (run.Answer["error"]?["code"] is { } code && (string)code! is not ("workflow_refused" or "input_refused"));

    private static async Task<IReadOnlyList<OwnedFile>> AnnsFilesAsync(SharedEngine shared)
    {
        foreach (var folder in ModelFolders)
        {
            shared.Put($"models/{(folder == "clip" ? "text_encoders" : folder)}/shared.safetensors", [1, 2, 3]);
            shared.Put($"output/{folder}/{AnnFolder}/ann.safetensors", [1, 2, 3]);
        }

        var (status, answer) = await shared.RunAsync(Ann, new()
        {
            ["1"] = new JsonObject { ["class_type"] = "LoadImage", ["inputs"] = new JsonObject { ["image"] = Image } },
            ["2"] = new JsonObject { ["class_type"] = "EmptyLatentImage", ["inputs"] = new JsonObject { ["width"] = 16, ["height"] = 16, ["batch_size"] = 1 } },
            ["8"] = new JsonObject { ["class_type"] = "SaveLatent", ["inputs"] = new JsonObject { ["samples"] = new JsonArray("2", 0), ["filename_prefix"] = "latents/ann" } },
            ["9"] = new JsonObject { ["class_type"] = "SaveImage", ["inputs"] = new JsonObject { ["images"] = new JsonArray("1", 0), ["filename_prefix"] = "private/ann" } },
        });
        Assert.True(status == 200, answer.ToJsonString());
        var input = Assert.Single(shared.Files("input"));
        shared.Put($"temp/{AnnFolder}/ann.png", await File.ReadAllBytesAsync(Path.Combine(shared.Data, input), TestContext.Current.CancellationToken));
        return
        [
            new(Path.GetFileName(input), input),
            new("private/ann_00001_.png [output]", $"output/{AnnFolder}/private/ann_00001_.png"),
            new("latents/ann_00001_.latent [output]", $"output/{AnnFolder}/latents/ann_00001_.latent"),
            new("ann.png [temp]", $"temp/{AnnFolder}/ann.png"),
            new("ann.safetensors", $"output/checkpoints/{AnnFolder}/ann.safetensors"),
        ];
    }

    /// <summary>The inputs that list files, or say that users upload them.</summary>
    private static async Task<(JsonObject Nodes, List<(string Type, string Input, bool ListsOwned)> Loaders)> LoadersAsync(SharedEngine shared)
    {
        var before = await shared.NodesAsync();
        var folders = Directory.GetDirectories(Path.Combine(shared.Data, "models")).Select(f => Path.GetRelativePath(shared.Data, f)).Concat(["input", "output"]).ToList();
        foreach (var ending in (string[])["png", "latent", "safetensors", "mp4", "flac"])
        {
            folders.ForEach(f => shared.Put($"{f}/marker.{ending}", [1]));
        }

        var after = await shared.NodesAsync();
        var found = new List<(string, string, bool)>();
        foreach (var (type, node) in after)
        {
            foreach (var (name, spec) in (node!["input"]!["required"] as JsonObject ?? []).Concat(node["input"]!["optional"] as JsonObject ?? []))
            {
                var isListed = !JsonNode.DeepEquals(spec, before[type]!["input"]!["required"]?[name] ?? before[type]!["input"]!["optional"]?[name]);
                var isUploaded = spec is JsonArray { Count: > 1 } && spec[1] is JsonObject options && options.Any(o => o.Key.EndsWith("_upload", StringComparison.Ordinal) || o.Key is "image_folder" or "remote");
                if (isListed || isUploaded)
                {
                    found.Add((type, name, isUploaded || spec!.ToJsonString().Contains(AnnFolder, StringComparison.Ordinal)));
                }
            }
        }

        return (after, found);
    }

    /// <summary>A file of Ann's.</summary>
    /// <param name="Name">As she names it.</param>
    /// <param name="Path">Where it is below the data folder.</param>
    private sealed record OwnedFile(string Name, string Path)
    {
        /// <summary>How somebody else might name it.</summary>
        public IEnumerable<string> Spellings(string data)
        {
            var root = Path.Split('/')[0];
            var below = Path[(root.Length + 1)..];
            var place = $" [{root}]";
            return
            [
                Name, below, below + place, $"../{root}/{below}", $"x/../../{root}/{below}{place}", $"./{below}{place}", System.IO.Path.Combine(data, Path), below.Replace('/', '\\'), $"..\\{root}\\{below.Replace('/', '\\')}{place}",
                below.ToUpperInvariant() + place, below.Replace(AnnFolder, $"{BobFolder}/../{AnnFolder}", StringComparison.Ordinal) + place, below + place.TrimStart(),
            ];
        }
    }
}
