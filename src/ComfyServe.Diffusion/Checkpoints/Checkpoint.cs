using ComfyServe.Diffusion.Models;
using ComfyServe.Diffusion.Runtime;

namespace ComfyServe.Diffusion.Checkpoints;

/// <summary>The networks of a checkpoint file, loaded and ready to run.</summary>
/// <remarks>
/// From a prompt to pixels in ten lines (sampling left out):
/// <code>
/// using TorchSharp;
/// using ComfyServe.Diffusion.Checkpoints;
/// using ComfyServe.Diffusion.Text;
///
/// using var checkpoint = Checkpoint.Load("v1-5-pruned-emaonly.safetensors", ComputeFormats.ForThisMachine());
/// using var scope = torch.NewDisposeScope();
/// using var mode = torch.inference_mode(); // per thread: no await inside
/// var prompt = new PromptTokenizer(ClipTokenizer.Default).Tokenize("a photo of a cat");
/// var context = PromptEncoder.Encode(checkpoint.TextEncoder, prompt).Hidden;                   // [1, 77, 768]
/// var noise = torch.randn(1, 4, 64, 64, generator: new torch.Generator(42));
/// var epsilon = checkpoint.Unet.Forward(noise, torch.tensor(new[] { 999f }), context);         // [1, 4, 64, 64]
/// var image = checkpoint.Vae.Decode((noise - epsilon) / 0.18215);                              // [1, 512, 512, 3]
/// </code>
/// Everything goes in and comes out as fp32 on the CPU, whatever the format. Networks may be used by one thread at a time.
/// </remarks>
public sealed class Checkpoint : IDisposable
{
    private readonly Unet? _unet;
    private readonly ClipTextModel? _textEncoder;
    private readonly AutoencoderKl? _vae;

    private Checkpoint(string path, ComputeFormat format, Unet? unet, ClipTextModel? textEncoder, AutoencoderKl? vae) =>
        (Path, Format, _unet, _textEncoder, _vae) = (path, format, unet, textEncoder, vae);

    /// <summary>The file's path as given.</summary>
    public string Path { get; }

    /// <summary>What the networks compute in.</summary>
    public ComputeFormat Format { get; }

    /// <summary>Which networks are loaded.</summary>
    public CheckpointParts Parts =>
        (_unet is null ? CheckpointParts.None : CheckpointParts.Unet) | (_textEncoder is null ? CheckpointParts.None : CheckpointParts.TextEncoder) | (_vae is null ? CheckpointParts.None : CheckpointParts.Vae);

    /// <summary>The denoising network.</summary>
    /// <exception cref="CheckpointException">The file has none, or it was not asked for; see <see cref="Parts"/>.</exception>
    public Unet Unet => _unet ?? throw NotLoaded("UNet");

    /// <summary>The text encoder.</summary>
    /// <exception cref="CheckpointException">The file has none, or it was not asked for; see <see cref="Parts"/>.</exception>
    public ClipTextModel TextEncoder => _textEncoder ?? throw NotLoaded("text encoder");

    /// <summary>The autoencoder.</summary>
    /// <exception cref="CheckpointException">The file has none, or it was not asked for; see <see cref="Parts"/>.</exception>
    public AutoencoderKl Vae => _vae ?? throw NotLoaded("autoencoder (VAE)");

    /// <summary>Bytes of memory that the weights take.</summary>
    public long ByteSize => (_unet?.ByteSize ?? 0) + (_textEncoder?.ByteSize ?? 0) + (_vae?.ByteSize ?? 0);

    /// <summary>Loads a checkpoint, or those of its networks that are asked for and there.</summary>
    /// <param name="path">A .safetensors file: a whole checkpoint or one network. Pickled files are refused.</param>
    /// <param name="format">What to compute in; weights are converted while they are read.</param>
    /// <param name="parts">Which networks to load. One that the file does not have is left out.</param>
    /// <param name="verdicts">What the kernel self-test knows of this machine and adds to; null: what is remembered of it.</param>
    /// <exception cref="CheckpointException">The file is corrupt, has none of the networks, or one of them is incomplete; the message names all missing tensors.</exception>
    public static Checkpoint Load(
        string path, ComputeFormat format, CheckpointParts parts = CheckpointParts.All, KernelVerdicts? verdicts = null) =>
        Load(path, format, new CheckedKernels(Kernels.Torch, verdicts ?? KernelVerdicts.ForThisMachine()), parts);

    /// <summary>As the public form, with the kernels that layers compute with.</summary>
    internal static Checkpoint Load(string path, ComputeFormat format, Kernels kernels, CheckpointParts parts = CheckpointParts.All)
    {
        using var file = SafetensorsFile.Open(path);
        var root = new WeightMap(new FileWeights(file, format), kernels);
        var unet = parts.HasFlag(CheckpointParts.Unet) ? CheckpointLayout.FindUnet(root) : null;
        var text = parts.HasFlag(CheckpointParts.TextEncoder) ? CheckpointLayout.FindTextEncoder(root) : null;
        var vae = parts.HasFlag(CheckpointParts.Vae) ? CheckpointLayout.FindVae(root) : null;
        if (unet is null && text is null && vae is null)
        {
            throw new CheckpointException($"'{path}' holds no network of the Stable Diffusion family that was asked for ({parts})");
        }

        List<IDisposable> loaded = [];
        try
        {
            return new Checkpoint(
                path,
                format,
                unet is null ? null : Keep(loaded, new Unet(UnetConfig.Infer(unet, file.Metadata), unet, format)),
                text is null ? null : Keep(loaded, new ClipTextModel(ClipTextConfig.Infer(text, file.Metadata), text, format)),
                vae is null ? null : Keep(loaded, new AutoencoderKl(AutoencoderKlConfig.Infer(vae, file.Metadata), vae, format)));
        }
        catch
        {
            loaded.ForEach(static model => model.Dispose());
            throw;
        }
    }

    /// <summary>Gives the weights' memory back.</summary>
    public void Dispose()
    {
        _unet?.Dispose();
        _textEncoder?.Dispose();
        _vae?.Dispose();
    }

    private static T Keep<T>(List<IDisposable> loaded, T model)
        where T : IDisposable
    {
        loaded.Add(model);
        return model;
    }

    private CheckpointException NotLoaded(string part) => new($"'{Path}' has no {part}, or it was not loaded ({Parts} are)");
}
