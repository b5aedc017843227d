using ComfyServe.Bench.Diffusion;

// One suite a word; each prints its results as Markdown.
return args switch
{
    ["diffusion", .. var rest] => DiffusionSuite.Run(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: dotnet run -c Release --project bench/ComfyServe.Bench -- diffusion --checkpoint FILE [--size 512] [--runs 3] [--threads N]");
    return 2;
}
