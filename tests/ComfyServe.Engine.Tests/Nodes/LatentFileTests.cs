using System.Text.Json.Nodes;
using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Values;
using ComfyServe.Engine.Tests.Images;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Tests.Nodes;

public sealed class LatentFileTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("comfyserve-latents").FullName;
    private readonly TorchSharp.DisposeScope _scope;
    private readonly NodeContext _context;

    public LatentFileTests()
    {
        TorchRuntime.Initialize();
        _scope = NewDisposeScope();
        _context = NodeCall.Context(_root);
        Directory.CreateDirectory(_context.Folders.Input);
    }

    public void Dispose()
    {
        _scope.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public void LoadLatent_WhatSaveLatentWrote_IsTheSame()
    {
        var latent = new Latent { Samples = arange(2 * 4 * 3 * 2, ScalarType.Float32).reshape(2, 4, 3, 2) };
        var prompt = JsonNode.Parse("""{"1": {"class_type": "SaveLatent"}}""")!.AsObject();

        var ui = (Ui)NodeCall.Of("SaveLatent", _context).Run(new Dictionary<string, object?>
        {
            ["samples"] = latent,
            ["filename_prefix"] = "latents/x",
            ["prompt"] = prompt,
            ["extra_pnginfo"] = JsonNode.Parse("""{"workflow": {"id": 1}}"""),
        })[0]!;
        var saved = Path.Combine(_context.Folders.Output, "latents", "x_00001_.latent");
        File.Copy(saved, Path.Combine(_context.Folders.Input, "a.latent"));
        var loaded = (Latent)NodeCall.Of("LoadLatent", _context).Run(new Dictionary<string, object?> { ["latent"] = "a.latent" })[0]!;

        Assert.Equal("""{"latents":[{"filename":"x_00001_.latent","subfolder":"latents","type":"output"}]}""", ui.Content.ToJsonString());
        TensorAssert.Near(latent.Samples, loaded.Samples, 0, "latent");
        using var file = SafetensorsFile.Open(saved);
        Assert.Equal("""{"1": {"class_type": "SaveLatent"}}""", file.Metadata["prompt"]);
        Assert.Equal("""{"id": 1}""", file.Metadata["workflow"]);
    }

    [Fact]
    public void LoadLatent_OldFile_IsUnscaled()
    {
        var samples = ones(1, 4, 2, 2);
        SafetensorsWriter.Write(Path.Combine(_context.Folders.Input, "old.latent"), new Dictionary<string, Tensor> { ["latent_tensor"] = samples });

        var loaded = (Latent)NodeCall.Of("LoadLatent", _context).Run(new Dictionary<string, object?> { ["latent"] = "old.latent" })[0]!;

        TensorAssert.Near(samples / 0.18215, loaded.Samples, 1e-6, "latent");
    }

    [Fact]
    public void LoadLatent_NoSafetensorsFile_SaysSo()
    {
        File.WriteAllText(Path.Combine(_context.Folders.Input, "bad.latent"), "no tensors here");

        var exception = Assert.Throws<NodeException>(() => NodeCall.Of("LoadLatent", _context).Run(new Dictionary<string, object?> { ["latent"] = "bad.latent" }));

        Assert.Equal("ValueError", exception.Type);
    }
}
