using ComfyServe.Cli;

return await CommandLine.Build().Parse(args).InvokeAsync();
