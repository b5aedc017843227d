using ComfyServe.Diffusion.Guidance;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Diffusion.Tests.Checkpoints;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Models;
using ComfyServe.Testing;
using static TorchSharp.torch;

[assembly: AssemblyFixture(typeof(ComfyServe.Engine.Tests.Nodes.Models.ReferenceModels))]

namespace ComfyServe.Engine.Tests.Nodes.Models;

/// <summary>The reference checkpoint, loaded once in fp32 by the engine's own node, for the tests that ComfyUI ran with it.</summary>
public sealed class ReferenceModels : IDisposable
{
    public const string Skipped = "loads the 2 GB reference checkpoint; set COMFYSERVE_TEST_FULL=1";

    private readonly Lazy<IReadOnlyList<object?>> _loaded;
    private readonly string _root = Directory.CreateTempSubdirectory("comfyserve-models").FullName;

    public ReferenceModels()
    {
        TorchRuntime.Initialize();
        Context = new NodeContext { Folders = new EngineFolders(_root), Models = new ModelCache(ComputeFormat.Fp32) };
        _loaded = new Lazy<IReadOnlyList<object?>>(Load);
    }

    internal NodeContext Context { get; }

    internal DiffusionModel Model => (DiffusionModel)_loaded.Value[0]!;

    internal TextEncoder TextEncoder => (TextEncoder)_loaded.Value[1]!;

    internal Autoencoder Autoencoder => (Autoencoder)_loaded.Value[2]!;

    /// <summary>Calls a node with the models that it wants filled in; literals take the node's own types.</summary>
    internal T Run<T>(string node, params (string Name, object? Value)[] inputs) => Run<T>(Context, node, inputs);

    internal T Run<T>(NodeContext context, string node, params (string Name, object? Value)[] inputs)
    {
        Assert.SkipUnless(RecordedData.IsFull, Skipped);
        using var mode = inference_mode();
        var all = inputs.ToDictionary(i => i.Name, i => i.Value);
        if (node.StartsWith("KSampler", StringComparison.Ordinal))
        {
            all.TryAdd("model", Model);
        }

        if (node == "CLIPTextEncode")
        {
            all.TryAdd("clip", TextEncoder);
        }

        if (node.StartsWith("VAE", StringComparison.Ordinal))
        {
            all.TryAdd("vae", Autoencoder);
        }

        return (T)NodeCall.Of(node, context).Run(all)[0]!;
    }

    internal Conditioning Encode(string prompt) => Run<Conditioning>("CLIPTextEncode", ("text", prompt));

    public void Dispose()
    {
        Context.Models.Clear();
        Directory.Delete(_root, recursive: true);
    }

    private IReadOnlyList<object?> Load()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_root, "models", "checkpoints")).FullName;
        File.CreateSymbolicLink(Path.Combine(folder, "reference.safetensors"), ReferenceFile.GetPath());
        return NodeCall.Of("CheckpointLoaderSimple", Context).Run(new Dictionary<string, object?> { ["ckpt_name"] = "reference.safetensors" });
    }
}
