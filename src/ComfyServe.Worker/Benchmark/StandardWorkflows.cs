using System.Text.Json.Nodes;

namespace ComfyServe.Worker.Benchmark;

/// <summary>The workflows to measure with where the operator has none: Stable Diffusion 1.5, the starter checkpoint, and one without a model.</summary>
internal static class StandardWorkflows
{
    /// <summary>Stands for a random color.</summary>
    public const string AnyColor = "__BENCHMARK_COLOR__";

    /// <summary>Stands for a random line of the prompts.</summary>
    public const string AnyPrompt = "__BENCHMARK_PROMPT__";

    private const string AnySeed = "__RANDOM_INT__"; // the API service replaces it
    private const string FullCheckpoint = "v1-5-pruned-emaonly-fp16.safetensors";
    private const string StarterCheckpoint = "comfyserve-starter.safetensors";
    private const int StarterSize = 128;

    /// <summary>The workflows in the order in which they are tried.</summary>
    public static IReadOnlyList<BenchmarkWorkflow> All(WorkerOptions options) =>
    [
        new($"Stable Diffusion 1.5 ({options.BenchmarkWidth}×{options.BenchmarkHeight}, {options.BenchmarkSteps} steps)",
            TextToImage(FullCheckpoint, options.BenchmarkWidth, options.BenchmarkHeight, options.BenchmarkSteps), IsCustom: false),
        new($"the starter checkpoint ({StarterSize}×{StarterSize}, {options.BenchmarkSteps} steps)",
            TextToImage(StarterCheckpoint, StarterSize, StarterSize, options.BenchmarkSteps), IsCustom: false),
        new($"image filters without a model ({options.BenchmarkWidth}×{options.BenchmarkHeight})",
            WithoutModel(options.BenchmarkWidth, options.BenchmarkHeight), IsCustom: false),
    ];

    private static JsonObject TextToImage(string checkpoint, int width, int height, int steps) => new()
    {
        ["3"] = Node("KSampler", new JsonObject
        {
            ["seed"] = AnySeed,
            ["steps"] = steps,
            ["cfg"] = 8,
            ["sampler_name"] = "euler",
            ["scheduler"] = "normal",
            ["denoise"] = 1,
            ["model"] = Link("4", 0),
            ["positive"] = Link("6", 0),
            ["negative"] = Link("7", 0),
            ["latent_image"] = Link("5", 0),
        }),
        ["4"] = Node("CheckpointLoaderSimple", new JsonObject { ["ckpt_name"] = checkpoint }),
        ["5"] = Node("EmptyLatentImage", new JsonObject { ["width"] = width, ["height"] = height, ["batch_size"] = 1 }),
        ["6"] = Node("CLIPTextEncode", new JsonObject { ["text"] = AnyPrompt, ["clip"] = Link("4", 1) }),
        ["7"] = Node("CLIPTextEncode", new JsonObject { ["text"] = "text, watermark", ["clip"] = Link("4", 1) }),
        ["8"] = Node("VAEDecode", new JsonObject { ["samples"] = Link("3", 0), ["vae"] = Link("4", 2) }),
        ["9"] = Node("SaveImage", new JsonObject { ["filename_prefix"] = "benchmark", ["images"] = Link("8", 0) }),
    };

    private static JsonObject WithoutModel(int width, int height) => new()
    {
        ["1"] = Node("EmptyImage", new JsonObject { ["width"] = width, ["height"] = height, ["batch_size"] = 1, ["color"] = AnyColor }),
        ["2"] = Node("ImageBlur", new JsonObject { ["image"] = Link("1", 0), ["blur_radius"] = 15, ["sigma"] = 5.0 }),
        ["3"] = Node("ImageScale", new JsonObject { ["image"] = Link("2", 0), ["upscale_method"] = "lanczos", ["width"] = 2 * width, ["height"] = 2 * height, ["crop"] = "disabled" }),
        ["4"] = Node("SaveImage", new JsonObject { ["filename_prefix"] = "benchmark", ["images"] = Link("3", 0) }),
    };

    private static JsonObject Node(string type, JsonObject inputs) => new() { ["class_type"] = type, ["inputs"] = inputs };

    private static JsonArray Link(string node, int output) => [node, output];
}
