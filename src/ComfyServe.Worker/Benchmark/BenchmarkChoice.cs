using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Worker.Benchmark;

/// <summary>
/// Chooses what to measure with: <c>misc/benchmark.json</c> beside the worker, <c>BENCHMARK_JSON_PATH</c>, the API service's
/// own file, else the standard workflows in turn. A file that cannot be read is passed over with a warning, as the original does.
/// </summary>
internal sealed partial class BenchmarkChoice(WorkerOptions options, ILogger<BenchmarkChoice> logger)
{
    private const string OfTheApi = "/opt/comfyui-api-wrapper/workflows/pyworker_benchmark.json";
    private const string StandardPrompt = "a lighthouse on a cliff at sunset, oil painting";

    /// <summary>The workflows to try in turn: one of the operator's, or the standard ones.</summary>
    public IReadOnlyList<BenchmarkWorkflow> Candidates()
    {
        foreach (var path in Files())
        {
            if (Read(path) is { } graph)
            {
                return [new BenchmarkWorkflow($"'{path}'", graph, IsCustom: true)];
            }
        }

        return StandardWorkflows.All(options);
    }

    /// <summary>Texts for the standard workflows: the lines of <c>misc/test_prompts.txt</c>, or one of ours.</summary>
    public IReadOnlyList<string> Prompts()
    {
        var paths = MiscFolders().Select(static f => Path.Combine(f, "test_prompts.txt")).ToList();
        var path = paths.Find(File.Exists) ?? paths[^1];
        try
        {
            string[] lines = File.Exists(path) ? [.. File.ReadLines(path).Select(static l => l.Trim()).Where(static l => l.Length > 0).Take(10_000)] : [];
            return lines.Length > 0 ? lines : [StandardPrompt];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Log.PassedOver(logger, path, error.Message);
            return [StandardPrompt];
        }
    }

    /// <summary>A custom worker's, then our own.</summary>
    private IEnumerable<string> MiscFolders() =>
        from folder in (string?[])[options.CustomFolder, options.Folder]
        where folder is not null
        from misc in (string[])[Path.Combine(folder, "workers", "comfyui-json", "misc"), Path.Combine(folder, "misc")]
        select misc;

    private IEnumerable<string> Files()
    {
        foreach (var folder in MiscFolders())
        {
            yield return Path.Combine(folder, "benchmark.json");
        }

        if (options.BenchmarkPath is { } path)
        {
            yield return path;
        }

        yield return OfTheApi;
    }

    private JsonObject? Read(string path)
    {
        if (!File.Exists(path))
        {
            if (path == options.BenchmarkPath)
            {
                Log.PassedOver(logger, path, "there is no such file");
            }

            return null;
        }

        try
        {
            if (JsonNode.Parse(File.ReadAllText(path), documentOptions: new JsonDocumentOptions { MaxDepth = 128 }) is JsonObject { Count: > 0 } graph
                && graph.All(static n => n.Value is JsonObject node && node.ContainsKey("class_type")))
            {
                return graph;
            }

            Log.PassedOver(logger, path, "it is not a workflow in API format (node id → class_type and inputs)");
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            Log.PassedOver(logger, path, error.Message);
        }

        return null;
    }

    private static partial class Log
    {
        [LoggerMessage(5101, LogLevel.Warning, "'{Path}' is passed over: {Reason}")]
        public static partial void PassedOver(ILogger logger, string path, string reason);
    }
}
