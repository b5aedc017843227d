using ComfyServe.Bench.Api;
using ComfyServe.Bench.Diffusion;
using ComfyServe.Bench.Engine;
using ComfyServe.Bench.Forwarding;

// One suite a word; each prints its results as Markdown.
return args switch
{
    ["diffusion", .. var rest] => DiffusionSuite.Run(rest),
    ["forwarding"] => await ForwardingSuite.RunAsync(),
    ["api", .. var rest] => await ApiSuite.RunAsync(rest),
    ["engine", .. var rest] => await EngineSuite.RunAsync(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: dotnet run -c Release --project bench/ComfyServe.Bench -- diffusion --checkpoint FILE [--size 512] [--runs 3] [--threads N]");
    Console.Error.WriteLine("       dotnet run -c Release --project bench/ComfyServe.Bench -- forwarding");
    Console.Error.WriteLine("       dotnet run -c Release --project bench/ComfyServe.Bench -- engine [--jobs 1000] --url URL | --start PROGRAM ARGUMENTS… (with {port})");
    Console.Error.WriteLine("       dotnet run -c Release --project bench/ComfyServe.Bench -- api [JOBS]");
    return 2;
}
