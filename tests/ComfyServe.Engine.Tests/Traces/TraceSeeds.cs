using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ComfyServe.Diffusion.Tests.Checkpoints;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Images;
using ComfyServe.Testing;
using ComfyServe.Workflows.Pictures;

namespace ComfyServe.Engine.Tests.Traces;

/// <summary>Puts the files into an engine's folders that were there when a scenario was recorded, as far as it shows them.</summary>
internal sealed partial class TraceSeeds(Trace trace, EngineFolders folders)
{
    /// <summary>The checkpoint that the scenarios were recorded with.</summary>
    public const string Reference = "v1-5-pruned-emaonly-fp16.safetensors";

    /// <summary>Makes the files.</summary>
    /// <param name="usesReference">Whether the scenario runs the reference checkpoint; else its name is enough.</param>
    public void Write(bool usesReference)
    {
        WriteModels(usesReference);
        WriteInputs();
        WriteViewed();
        WriteListed();
        WriteUserData();
        WriteEarlierOutputs();
    }

    /// <summary>Files that earlier scenarios made are counted: ours must start at the same number.</summary>
    private void WriteEarlierOutputs()
    {
        var first = new Dictionary<(string Folder, string Prefix), int>();
        foreach (var image in trace.Messages.Where(m => (string?)m["type"] == "executed").SelectMany(m => m["data"]!["output"]?["images"] as JsonArray ?? []))
        {
            var match = Numbered().Match((string)image!["filename"]!);
            if (match.Success && (string?)image["type"] == "output")
            {
                var key = (Path.Combine(folders.Output, (string)image["subfolder"]!), match.Groups["prefix"].Value);
                var number = int.Parse(match.Groups["number"].ValueSpan);
                first[key] = Math.Min(first.GetValueOrDefault(key, int.MaxValue), number);
            }
        }

        foreach (var ((folder, prefix), number) in first.Where(f => f.Value > 1))
        {
            Touch(Path.Combine(folder, $"{prefix}{number - 1:00000}_.png"));
        }
    }

    private void WriteModels(bool usesReference)
    {
        foreach (var (request, response) in trace.Exchanges.Where(e => Trace.Status(e.Response) == 200))
        {
            var route = Trace.Route(request).Split('/');
            if (route is ["", "models", var folder] && response["json"] is JsonArray names)
            {
                foreach (var name in names)
                {
                    Touch(Path.Combine(folders.Models, folder, (string)name!));
                }
            }
            else if (route is ["", "view_metadata", var other] && response["json"] is { } metadata)
            {
                WriteHeader(Path.Combine(folders.Models, other, Trace.Query(request, "filename")!), metadata);
            }
        }

        var reference = Path.Combine(Directory.CreateDirectory(Path.Combine(folders.Models, "checkpoints")).FullName, Reference);
        if (usesReference)
        {
            File.CreateSymbolicLink(reference, ReferenceFile.GetPath());
        }
        else
        {
            Touch(reference);
        }

        foreach (var (_, _, inputs) in Accepted().Where(n => n.Class == "CheckpointLoaderSimple" && (string?)n.Inputs["ckpt_name"] != Reference))
        {
            File.WriteAllText(Path.Combine(folders.Models, "checkpoints", (string)inputs["ckpt_name"]!), "this is no checkpoint at all");
        }
    }

    private void WriteInputs()
    {
        Directory.CreateDirectory(folders.Input);
        foreach (var name in Accepted().Where(n => n.Class is "LoadImage" or "LoadImageMask").Select(n => (string?)n.Inputs["image"]).OfType<string>().Distinct())
        {
            var golden = RecordedData.Golden("loadimage", name);
            var target = Path.Combine(folders.Input, name);
            if (File.Exists(golden))
            {
                File.Copy(golden, target);
            }
            else
            {
                // What the scenarios call corrupt ends within its first chunk.
                var whole = Picture(64, 64, hasAlpha: false);
                File.WriteAllBytes(target, name.Contains("corrupt", StringComparison.Ordinal) ? whole[..20] : whole);
            }
        }
    }

    /// <summary>Files that the scenario reads but did not make.</summary>
    private void WriteViewed()
    {
        foreach (var (request, response) in trace.Exchanges.Where(e => Trace.Status(e.Response) == 200))
        {
            var content = response["base64"] is { } bytes ? Convert.FromBase64String((string)bytes!)
                : response["text"] is { } text ? Encoding.UTF8.GetBytes((string)text!) : null;
            if (Trace.Route(request) == "/view" && content is not null && Trace.Query(request, "preview") is null && Trace.Query(request, "channel") is null
                && Trace.Query(request, "type") == "input")
            {
                Put(Path.Combine(folders.Input, Trace.Query(request, "subfolder") ?? "", Trace.Query(request, "filename")!), content);
            }
        }
    }

    /// <summary>Files that a list shows, newest first.</summary>
    private void WriteListed()
    {
        foreach (var (request, response) in trace.Exchanges)
        {
            if (Trace.Route(request).Split('/') is ["", "internal", "files", var type] && response["json"] is JsonArray names)
            {
                var time = new DateTime(2026, 11, 1, 0, 0, 0, DateTimeKind.Utc);
                foreach (var name in names.Reverse())
                {
                    var path = Path.Combine(folders.Root, type, (string)name!);
                    Touch(path);
                    File.SetLastWriteTimeUtc(path, time = time.AddSeconds(1));
                }
            }
        }
    }

    private void WriteUserData()
    {
        var user = Path.Combine(folders.User, "default");
        Directory.CreateDirectory(user);
        foreach (var (request, response) in trace.Exchanges)
        {
            var route = Trace.Route(request);
            if ((string?)request["method"] != "GET")
            {
                if (route.StartsWith("/settings", StringComparison.Ordinal) || route.StartsWith("/userdata", StringComparison.Ordinal))
                {
                    // What follows is the scenario's own doing.
                    return;
                }
            }
            else if (route == "/settings" && response["json"] is JsonObject settings)
            {
                Put(Path.Combine(user, "comfy.settings.json"), Encoding.UTF8.GetBytes(settings.ToJsonString()));
            }
            else if (route == "/userdata" && Trace.Status(response) == 200)
            {
                Directory.CreateDirectory(Path.Combine(user, Trace.Query(request, "dir")!));
            }
            else if (route == "/v2/userdata" && response["json"] is JsonArray entries)
            {
                foreach (var folder in entries.Where(e => (string?)e!["type"] == "directory"))
                {
                    Directory.CreateDirectory(Path.Combine(user, (string)folder!["path"]!));
                }
            }
        }
    }

    /// <summary>Nodes of workflows that were accepted.</summary>
    private IEnumerable<(string Id, string Class, JsonObject Inputs)> Accepted() =>
        trace.Prompts.Where(p => Trace.Status(p.Response) == 200)
            .SelectMany(p => Trace.Nodes(p.Prompt).Where(n => p.Response["json"]!["node_errors"]?[n.Id] is null));

    /// <summary>A PNG; padded to a number of bytes where one is given.</summary>
    public static byte[] Picture(int width, int height, bool hasAlpha, int bytes = 0)
    {
        var pixels = new byte[width * height * (hasAlpha ? 4 : 3)];
        new Random(1).NextBytes(pixels);
        for (var padding = 0; ; padding = bytes - Encode(pixels, width, height, hasAlpha, 0).Length)
        {
            var file = Encode(pixels, width, height, hasAlpha, padding);
            if (bytes == 0 || file.Length == bytes)
            {
                return file;
            }

            Assert.True(padding == 0 && file.Length < bytes, $"a picture of {file.Length} bytes cannot be made {bytes} long");
        }
    }

    private static byte[] Encode(byte[] pixels, int width, int height, bool hasAlpha, int padding)
    {
        using var file = new MemoryStream();

        // A text has its own 12 bytes, and a keyword with its end.
        PngWriter.Write(file, pixels, width, height, hasAlpha ? 4 : 3, 4, padding == 0 ? [] : [new PngText("x", new string('y', padding - 14))]);
        return file.ToArray();
    }

    private static void WriteHeader(string path, JsonNode metadata)
    {
        var header = Encoding.UTF8.GetBytes(new JsonObject { ["__metadata__"] = metadata.DeepClone() }.ToJsonString());
        Put(path, [.. BitConverter.GetBytes((long)header.Length), .. header]);
    }

    private static void Touch(string path)
    {
        if (!File.Exists(path))
        {
            Put(path, []);
        }
    }

    private static void Put(string path, byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
    }

    [GeneratedRegex(@"^(?<prefix>.*_)(?<number>\d{5})_\.png$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Numbered();
}
