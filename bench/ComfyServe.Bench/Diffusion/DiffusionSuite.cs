using System.Globalization;
using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Diffusion.Text;
using static TorchSharp.torch;

namespace ComfyServe.Bench.Diffusion;

/// <summary>UNet, autoencoder and text encoder in bf16 and fp32: seconds, rates, and shares of the matrix products' best rate.</summary>
internal static class DiffusionSuite
{
    private const long Tokens = 77;

    public static int Run(string[] arguments)
    {
        var path = Value(arguments, "--checkpoint");
        if (path is null || !File.Exists(path))
        {
            Console.Error.WriteLine("diffusion: name a Stable Diffusion 1.5 checkpoint with --checkpoint ('comfyserve models synthesize FILE' makes one)");
            return 2;
        }

        TorchRuntime.Initialize();
        var (size, runs) = (Number(arguments, "--size", 512), (int)Number(arguments, "--runs", 3));
        set_num_threads((int)Number(arguments, "--threads", get_num_threads()));
        using var mode = inference_mode();
        Console.WriteLine($"{KernelVerdicts.Machine()}; load average before: {Load()}; image {size}×{size}; best of {runs} runs after one to warm up.");
        Console.WriteLine();
        Console.WriteLine("| network | format | GFLOP | wall s | processor s | GFLOP per processor s | share of GEMM peak |");
        Console.WriteLine("| --- | --- | --: | --: | --: | --: | --: |");
        foreach (var format in new[] { ComputeFormat.Bf16, ComputeFormat.Fp32 })
        {
            Measure(path, format, size / 8, runs);
        }

        Console.WriteLine();
        Console.WriteLine($"Load average after: {Load()}.");
        return 0;
    }

    private static void Measure(string path, ComputeFormat format, long side, int runs)
    {
        using var scope = NewDisposeScope();
        var before = GemmPeak.Measure(format, runs);
        var kernels = new CountingKernels();
        using var checkpoint = Checkpoint.Load(path, format, kernels);
        var (unet, vae) = (checkpoint.Unet, checkpoint.Vae);
        var (x, steps, context) = (randn(2, 4, side, side), full([2], 500f), randn(2, Tokens, unet.Config.ContextWidth));
        var latent = randn(1, 4, side, side);
        var prompt = new PromptTokenizer(ClipTokenizer.Default).Tokenize("a photo of a cat");
        List<(string Name, double Work, Timing Timing)> rows = [];
        void Add(string name, double attention, Action action)
        {
            kernels.Work = 0;
            var timing = Timing.Best(runs, action);
            rows.Add((name, (kernels.Work / (runs + 1)) + attention, timing));
        }

        Add("UNet, batch 2", CountingKernels.AttentionOf(unet.Config, 2, side, side, Tokens), () => unet.Forward(x, steps, context).Dispose());
        Add("VAE decode", CountingKernels.AttentionOf(vae.Config, side, side), () => vae.DecodeImage(latent).Dispose());
        Add("CLIP, 77 tokens", 0, () => Release(PromptEncoder.Encode(checkpoint.TextEncoder, prompt)));
        var after = GemmPeak.Measure(format, runs);
        var peak = Math.Min(before.Processor, after.Processor);
        Console.WriteLine(Row("GEMM peak", format, 1, new Timing(Math.Min(before.Wall, after.Wall), peak), peak));
        foreach (var (name, work, timing) in rows)
        {
            Console.WriteLine(Row(name, format, work, timing, peak));
        }
    }

    private static void Release(TextEncoding encoding)
    {
        encoding.Hidden.Dispose();
        encoding.Pooled.Dispose();
    }

    private static string Row(string name, ComputeFormat format, double work, Timing timing, double peak) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {name} | {format.Dtype} | {work:F0} | {timing.Wall:F3} | {timing.Processor:F3} | {work / timing.Processor:F0} | {work * peak / timing.Processor:P0} |");

    private static string Load() => File.Exists("/proc/loadavg") ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3]) : "unknown";

    private static string? Value(string[] arguments, string name) =>
        Array.IndexOf(arguments, name) is >= 0 and var place && place + 1 < arguments.Length ? arguments[place + 1] : null;

    private static long Number(string[] arguments, string name, long otherwise) =>
        Value(arguments, name) is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
