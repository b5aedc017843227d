using ComfyServe.Diffusion.Guidance;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Models;
using ComfyServe.Engine.Nodes.Sampling;
using ComfyServe.Engine.Nodes.Values;
using TorchSharp;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Tests.Nodes.Models;

/// <summary>Samplers put together from nodes give what KSampler gives, whose results are compared with ComfyUI's.</summary>
public sealed class CustomSamplerTests : IDisposable
{
    private const double Rounding = 1e-5;
    private readonly string _root = Directory.CreateTempSubdirectory("comfyserve-sampling").FullName;
    private readonly DisposeScope _scope;
    private readonly NodeContext _context;
    private readonly DiffusionModel _model;
    private readonly Conditioning _positive;
    private readonly Conditioning _negative;

    public CustomSamplerTests()
    {
        TorchRuntime.Initialize();
        TinyCheckpoint.Write(Path.Combine(_root, "models", "checkpoints", "tiny.safetensors"));
        _scope = NewDisposeScope();
        _context = new() { Folders = new EngineFolders(_root), Models = new ModelCache(ComputeFormat.Fp32, static _ => { }) };
        var loaded = Run("CheckpointLoaderSimple", ("ckpt_name", "tiny.safetensors"));
        _model = (DiffusionModel)loaded[0]!;
        _positive = (Conditioning)Run("CLIPTextEncode", ("text", "a cat"), ("clip", loaded[1]))[0]!;
        _negative = (Conditioning)Run("CLIPTextEncode", ("text", ""), ("clip", loaded[1]))[0]!;
    }

    public void Dispose()
    {
        _scope.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Theory]
    [InlineData("euler", "karras")]
    [InlineData("euler_ancestral", "normal")]
    [InlineData("dpmpp_2m_sde", "exponential")]
    [InlineData("lcm", "sgm_uniform")]
    public void SamplerCustom_SameChoices_GivesWhatKSamplerGives(string sampler, string scheduler)
    {
        var expected = KSampler(sampler, scheduler, denoise: 1);

        var results = Run(
            "SamplerCustom", ("model", _model), ("add_noise", true), ("noise_seed", 7UL), ("cfg", 2.0), ("positive", _positive),
            ("negative", _negative), ("sampler", Sampler(sampler)), ("sigmas", Sigmas(scheduler)), ("latent_image", Empty()));

        AssertNear(expected, results[0]);
        AssertNear(expected, results[1]); // the last estimate is the result
    }

    [Fact]
    public void SamplerCustomAdvanced_PartlyNoised_GivesWhatKSamplerGives()
    {
        var guider = Run("CFGGuider", ("model", _model), ("positive", _positive), ("negative", _negative), ("cfg", 2.0))[0];

        var result = Advanced(Run("RandomNoise", ("noise_seed", 7UL))[0], guider, Sigmas("normal", 0.5), Start());

        AssertNear(KSampler("euler", "normal", 0.5, Start()), result[0]);
    }

    [Fact]
    public void SamplerCustomAdvanced_TwoHalves_GiveTheWhole()
    {
        var guider = Run("BasicGuider", ("model", _model), ("conditioning", _positive))[0];
        var noise = Run("RandomNoise", ("noise_seed", 7UL))[0];
        var sigmas = Sigmas("karras");
        var parts = Run("SplitSigmas", ("sigmas", sigmas), ("step", 2L));

        var half = Advanced(noise, guider, parts[0]!, Empty());
        var rest = Advanced(Run("DisableNoise")[0], guider, parts[1]!, (Latent)half[0]!);

        AssertNear((Latent)Advanced(noise, guider, sigmas, Empty())[0]!, rest[0]);
        Assert.True(Error(((Latent)half[0]!).Samples, ((Latent)half[1]!).Samples) > 1e-3); // noisy, and its estimate
    }

    [Fact]
    public void AddNoise_ThenNoNoise_GivesTheSameStart()
    {
        var guider = Run("BasicGuider", ("model", _model), ("conditioning", _positive))[0];
        var noise = Run("RandomNoise", ("noise_seed", 7UL))[0];
        var sigmas = Sigmas("normal", 0.5);

        var noisy = Run("AddNoise", ("model", _model), ("noise", noise), ("sigmas", sigmas), ("latent_image", Start()))[0];

        AssertNear((Latent)Advanced(noise, guider, sigmas, Start())[0]!, Advanced(Run("DisableNoise")[0], guider, sigmas, (Latent)noisy!)[0]);
    }

    [Fact]
    public void SamplerCustom_NoSigmas_LeavesTheLatents()
    {
        var results = Run(
            "SamplerCustom", ("model", _model), ("add_noise", true), ("noise_seed", 7UL), ("cfg", 2.0), ("positive", _positive),
            ("negative", _negative), ("sampler", Sampler("euler")), ("sigmas", Sigmas("normal", denoise: 0)), ("latent_image", Start()));

        AssertNear(Start(), results[0]);
    }

    [Theory]
    [InlineData("SamplerEulerAncestral", "euler_ancestral")]
    [InlineData("SamplerDPMPP_2S_Ancestral", "dpmpp_2s_ancestral")]
    public void SamplerNodes_Defaults_AreTheNamedSamplers(string node, string name)
    {
        var guider = Run("CFGGuider", ("model", _model), ("positive", _positive), ("negative", _negative), ("cfg", 2.0))[0];
        var noise = Run("RandomNoise", ("noise_seed", 7UL))[0];
        var sampler = Run(node, ("eta", 1.0), ("s_noise", 1.0))[0];

        var result = Run(
            "SamplerCustomAdvanced", ("noise", noise), ("guider", guider), ("sampler", sampler), ("sigmas", Sigmas("normal")), ("latent_image", Empty()));

        AssertNear(KSampler(name, "normal", 1), result[0]);
    }

    [Theory]
    [InlineData("lcm")]
    [InlineData("v_prediction")]
    [InlineData("x0")]
    public void ModelSamplingDiscrete_ChangesTheRun(string sampling)
    {
        var plain = KSampler("lcm", "sgm_uniform", 1);

        var changed = Run("ModelSamplingDiscrete", ("model", _model), ("sampling", sampling), ("zsnr", false))[0];

        var result = KSampler("lcm", "sgm_uniform", 1, model: changed);
        Assert.True(Error(plain.Samples, result.Samples) > 1e-3);
        Assert.True(result.Samples.isfinite().all().item<bool>());
    }

    [Fact]
    public void ModelSamplingDiscrete_Eps_IsThePlainRun()
    {
        var same = Run("ModelSamplingDiscrete", ("model", _model), ("sampling", "eps"), ("zsnr", false))[0];

        AssertNear(KSampler("euler", "normal", 1), KSampler("euler", "normal", 1, model: same));
    }

    [Fact]
    public void DifferentialDiffusion_KeepsWhatTheMaskLeavesOut()
    {
        var model = Run("DifferentialDiffusion", ("model", _model), ("strength", 1.0))[0];
        var mask = cat([zeros(1, 1, 8, 4), full([1, 1, 8, 4], 0.5)], 3);

        var result = KSampler("euler", "sgm_uniform", 1, Start() with { NoiseMask = mask }, model);

        Assert.InRange(Error(Start().Samples.narrow(3, 0, 4), result.Samples.narrow(3, 0, 4)), 0, 1e-4);
        Assert.True(Error(Start().Samples.narrow(3, 4, 4), result.Samples.narrow(3, 4, 4)) > 0.1);
    }

    [Fact]
    public void TiledAutoencoder_SmallImage_IsThePlainOne()
    {
        var vae = Run("CheckpointLoaderSimple", ("ckpt_name", "tiny.safetensors"))[2];
        var image = new ImageBatch(rand(1, 64, 64, 3, generator: new Generator(4)));
        (string, object?)[] sizes = [("tile_size", 512L), ("overlap", 64L), ("temporal_size", 64L), ("temporal_overlap", 8L)];

        var plain = (Latent)Run("VAEEncode", ("pixels", image), ("vae", vae))[0]!;

        AssertNear(plain, Run("VAEEncodeTiled", [("pixels", image), ("vae", vae), .. sizes])[0]);
        var decoded = (ImageBatch)Run("VAEDecodeTiled", [("samples", plain), ("vae", vae), .. sizes])[0]!;
        Assert.InRange(Error(((ImageBatch)Run("VAEDecode", ("samples", plain), ("vae", vae))[0]!).Tensor, decoded.Tensor), 0, Rounding);
    }

    [Fact]
    public void InpaintModelConditioning_GivesLatentsWithTheMask()
    {
        var vae = Run("CheckpointLoaderSimple", ("ckpt_name", "tiny.safetensors"))[2];
        var image = new ImageBatch(rand(1, 67, 64, 3, generator: new Generator(4)));
        var mask = new Mask(ones(1, 67, 64));

        var results = Run(
            "InpaintModelConditioning", ("positive", _positive), ("negative", _negative), ("vae", vae), ("pixels", image), ("mask", mask), ("noise_mask", true));

        Assert.Same(_positive, results[0]);
        AssertNear((Latent)Run("VAEEncode", ("pixels", image), ("vae", vae))[0]!, results[2]);
        Assert.Equal([1, 1, 64, 64], ((Latent)results[2]!).NoiseMask!.shape);
    }

    [Fact]
    public void ControlNetApply_SteersTheRun_AndBothNodesAgree()
    {
        TinyCheckpoint.WriteControl(Path.Combine(_root, "models", "controlnet", "c.safetensors"));
        var network = Run("ControlNetLoader", ("control_net_name", "c.safetensors"))[0];
        var image = new ImageBatch(rand(1, 80, 64, 3, generator: new Generator(4)));
        IReadOnlyList<object?> Apply(double strength, double start) => Run(
            "ControlNetApplyAdvanced", ("positive", _positive), ("negative", _negative), ("control_net", network), ("image", image),
            ("strength", strength), ("start_percent", start), ("end_percent", 1.0));
        var old = Run("ControlNetApply", ("conditioning", _positive), ("control_net", network), ("image", image), ("strength", 1.0))[0];
        var plain = KSampler("euler", "normal", 1);

        var steered = KSampler("euler", "normal", 1, conditioning: Apply(1, 0));

        Assert.True(Error(plain.Samples, steered.Samples) > 1e-3);
        AssertNear(steered, KSampler("euler", "normal", 1, conditioning: [old, _negative]));
        AssertNear(plain, KSampler("euler", "normal", 1, conditioning: Apply(1, 1)));
        Assert.Same(_positive, Apply(0, 0)[0]);
    }

    private static Latent Empty() => new() { Samples = zeros(1, 4, 8, 8) };

    private static Latent Start() => new() { Samples = linspace(-1, 1, 256).view(1, 4, 8, 8) };

    private static double Error(Tensor expected, Tensor actual) => ((actual - expected).norm() / expected.norm()).item<float>();

    private static void AssertNear(Latent expected, object? actual) =>
        Assert.InRange(Error(expected.Samples, Assert.IsType<Latent>(actual).Samples), 0, Rounding);

    private object Sampler(string name) => Run("KSamplerSelect", ("sampler_name", name))[0]!;

    private Sigmas Sigmas(string scheduler, double denoise = 1) =>
        (Sigmas)Run("BasicScheduler", ("model", _model), ("scheduler", scheduler), ("steps", 4L), ("denoise", denoise))[0]!;

    private IReadOnlyList<object?> Advanced(object? noise, object? guider, object sigmas, Latent latent) => Run(
        "SamplerCustomAdvanced", ("noise", noise), ("guider", guider), ("sampler", Sampler("euler")), ("sigmas", sigmas), ("latent_image", latent));

    private Latent KSampler(string sampler, string scheduler, double denoise, Latent? start = null, object? model = null, IReadOnlyList<object?>? conditioning = null) => (Latent)Run(
        "KSampler", ("model", model ?? _model), ("seed", 7UL), ("steps", 4L), ("cfg", 2.0), ("sampler_name", sampler), ("scheduler", scheduler),
        ("positive", conditioning?[0] ?? _positive), ("negative", conditioning?[1] ?? _negative), ("latent_image", start ?? Empty()), ("denoise", denoise))[0]!;

    private IReadOnlyList<object?> Run(string node, params (string Name, object? Value)[] inputs) =>
        NodeCall.Of(node, _context).Run(inputs.ToDictionary(static i => i.Name, static i => i.Value));
}
