using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Engine.Folders;
using TorchSharp;

namespace ComfyServe.Engine.Nodes.Models;

/// <summary>Textual inversion vectors by the names that prompts use after <c>embedding:</c>.</summary>
internal sealed class EmbeddingFiles(EngineFolders folders, ModelCache models)
{
    private const string Folder = "embeddings";
    private static readonly string[] Endings = ["", ".safetensors"];
    private static readonly string[] PickledEndings = [".pt", ".bin"];

    /// <summary>The vectors [N, C] or [C]; null where there is no file of that name. They belong to the model cache.</summary>
    /// <exception cref="NodeException">The file is pickled or corrupt.</exception>
    public torch.Tensor? Find(string name)
    {
        var path = Endings.Select(ending => folders.FindModel(Folder, name + ending)).FirstOrDefault(p => p is not null);
        if (path is not null)
        {
            return models.GetOrLoad(CheckpointFiles.Identity(path), () => new Vectors(Read(path))).Tensor;
        }

        return PickledEndings.Any(ending => folders.FindModel(Folder, name + ending) is not null)
            ? throw new NodeException("ValueError", $"the embedding '{name}' is a pickled file, which may run code when read; convert it to .safetensors")
            : null;
    }

    private static torch.Tensor Read(string path)
    {
        try
        {
            using var file = SafetensorsFile.Open(path);
            var name = file.Contains("clip_l") ? "clip_l" : file.Entries.Select(e => e.Name).FirstOrDefault();
            return name is null
                ? throw new NodeException("ValueError", $"the embedding file '{path}' holds no tensor")
                : file.Read(name, torch.ScalarType.Float32).DetachFromDisposeScope();
        }
        catch (CheckpointException e)
        {
            throw new NodeException("ValueError", e.Message, e);
        }
    }

    /// <summary>Owns the tensor for the cache.</summary>
    private sealed record Vectors(torch.Tensor Tensor) : IDisposable
    {
        public void Dispose() => Tensor.Dispose();
    }
}
