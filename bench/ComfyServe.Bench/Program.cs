using ComfyServe.Bench.Diffusion;
using ComfyServe.Bench.Forwarding;

// One suite a word; each prints its results as Markdown.
return args switch
{
    ["diffusion", .. var rest] => DiffusionSuite.Run(rest),
    ["forwarding"] => await ForwardingSuite.RunAsync(),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: dotnet run -c Release --project bench/ComfyServe.Bench -- diffusion --checkpoint FILE [--size 512] [--runs 3] [--threads N]");
    Console.Error.WriteLine("       dotnet run -c Release --project bench/ComfyServe.Bench -- forwarding");
    return 2;
}
