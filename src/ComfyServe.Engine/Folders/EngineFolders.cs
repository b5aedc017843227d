namespace ComfyServe.Engine.Folders;

/// <summary>Where the engine reads and writes: the layout of ComfyUI's data folder.</summary>
public sealed class EngineFolders
{
    private static readonly string[] WeightExtensions = [".ckpt", ".pt", ".pt2", ".bin", ".pth", ".safetensors", ".pkl", ".sft"];

    /// <summary>The keys of <c>GET /models</c> in order, with their folders below <c>models/</c>.</summary>
    private static readonly (string Name, string[] Folders)[] Layout =
    [
        ("checkpoints", ["checkpoints"]),
        ("configs", ["configs"]),
        ("loras", ["loras"]),
        ("vae", ["vae"]),
        ("text_encoders", ["text_encoders", "clip"]),
        ("diffusion_models", ["unet", "diffusion_models"]),
        ("clip_vision", ["clip_vision"]),
        ("style_models", ["style_models"]),
        ("embeddings", ["embeddings"]),
        ("diffusers", ["diffusers"]),
        ("vae_approx", ["vae_approx"]),
        ("controlnet", ["controlnet", "t2i_adapter"]),
        ("gligen", ["gligen"]),
        ("upscale_models", ["upscale_models"]),
        ("custom_nodes", []),
        ("hypernetworks", ["hypernetworks"]),
        ("photomaker", ["photomaker"]),
        ("classifiers", ["classifiers"]),
        ("model_patches", ["model_patches"]),
        ("audio_encoders", ["audio_encoders"]),
    ];

    private static readonly Dictionary<string, string> Aliases = new(StringComparer.Ordinal)
    {
        ["unet"] = "diffusion_models",
        ["clip"] = "text_encoders",
    };

    private static readonly HashSet<string> AlsoInOutput = ["checkpoints", "vae", "diffusion_models", "loras"];

    /// <summary>Lays the folders out below a data folder.</summary>
    /// <param name="root">The data folder.</param>
    /// <param name="extraModelPaths">More folders that are laid out as <c>models/</c> is.</param>
    public EngineFolders(string root, IReadOnlyList<string>? extraModelPaths = null)
    {
        Root = Path.GetFullPath(root);
        Models = Path.Combine(Root, "models");
        Input = Path.Combine(Root, "input");
        Output = Path.Combine(Root, "output");
        Temp = Path.Combine(Root, "temp");
        User = Path.Combine(Root, "user");
        CustomNodes = Path.Combine(Root, "custom_nodes");
        ModelFolders = [.. Layout.Select(l => new ModelFolder(l.Name, Search(l.Name, l.Folders, extraModelPaths ?? []), Endings(l.Name)))];
    }

    /// <summary>The running numbers of output files.</summary>
    internal OutputNumbers Numbers { get; } = new();

    /// <summary>The data folder.</summary>
    public string Root { get; }

    /// <summary>Weights: <c>models/</c>.</summary>
    public string Models { get; }

    /// <summary>Uploads: <c>input/</c>.</summary>
    public string Input { get; }

    /// <summary>Results: <c>output/</c>.</summary>
    public string Output { get; }

    /// <summary>Previews: <c>temp/</c>; emptied at start.</summary>
    public string Temp { get; }

    /// <summary>Settings and saved workflows: <c>user/</c>.</summary>
    public string User { get; }

    /// <summary>Node packs: <c>custom_nodes/</c>.</summary>
    public string CustomNodes { get; }

    /// <summary>The keys of <c>GET /models</c>, in order.</summary>
    public IReadOnlyList<ModelFolder> ModelFolders { get; }

    /// <summary>The model folder under a key or a legacy key; null where there is none.</summary>
    public ModelFolder? ModelFolder(string name)
    {
        name = Aliases.GetValueOrDefault(name, name);
        return ModelFolders.FirstOrDefault(f => f.Name == name);
    }

    /// <summary>The files of a model folder relative to it, sorted by ordinal order. Follows links, skips <c>.git</c>.</summary>
    public IReadOnlyList<string> ListModels(string folder)
    {
        var found = ModelFolder(folder) ?? throw new ArgumentException($"there is no model folder '{folder}'", nameof(folder));
        var files = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var path in found.Paths)
        {
            files.UnionWith(FileTree.List(path).Where(f => found.Extensions.Count == 0 || HasEnding(found, f)));
        }

        return [.. files];
    }

    /// <summary>The full path of a file of a model folder; null where it does not exist.</summary>
    /// <param name="folder">A key of <c>GET /models</c>, or a legacy one.</param>
    /// <param name="name">The name as <see cref="ListModels"/> gives it. A name that leaves the folder is not found.</param>
    public string? FindModel(string folder, string name) =>
        ModelFolder(folder)?.Paths.Select(p => SafePath.Below(p, name)).FirstOrDefault(File.Exists);

    private static bool HasEnding(ModelFolder folder, string file) =>
        folder.Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase);

    private static string[] Endings(string name) => name switch
    {
        "configs" => [".yaml"],
        "diffusers" => ["folder"],
        "custom_nodes" => [],
        "classifiers" => [""],
        _ => WeightExtensions,
    };

    private IReadOnlyList<string> Search(string name, string[] folders, IReadOnlyList<string> extra)
    {
        if (name == "custom_nodes")
        {
            return [CustomNodes];
        }

        var own = folders.Select(f => Path.Combine(Models, f));
        var more = extra.SelectMany(e => folders.Select(f => Path.Combine(Path.GetFullPath(e), f)));
        var saved = AlsoInOutput.Contains(name) ? [Path.Combine(Output, name)]
            : name == "text_encoders" ? [Path.Combine(Output, "clip")]
            : Array.Empty<string>();
        return [.. own, .. more, .. saved];
    }
}
