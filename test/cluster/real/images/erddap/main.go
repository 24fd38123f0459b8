// erddap stands in for the image axiom/docker-erddap where that one cannot be had: the same port, paths, volumes, settings
// and user, so that manifests written for the real one run unchanged. It serves comma-separated files only.
package main

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

const content = "/usr/local/tomcat/content/erddap/"

// Of the user that Tomcat runs as.
const tomcat = 1000

type variable struct {
	Source      string      `xml:"sourceName"`
	Destination string      `xml:"destinationName"`
	Attributes  []attribute `xml:"addAttributes>att"`
}

type attribute struct {
	Name  string `xml:"name,attr"`
	Value string `xml:",chardata"`
}

type dataset struct {
	ID        string     `xml:"datasetID,attr"`
	Type      string     `xml:"type,attr"`
	Active    string     `xml:"active,attr"`
	Directory string     `xml:"fileDir"`
	Files     string     `xml:"fileNameRegex"`
	Variables []variable `xml:"dataVariable"`
}

func main() {
	setup := readSetup()
	minimum, maximum := memory("ERDDAP_MIN_MEMORY"), memory("ERDDAP_MAX_MEMORY")
	if minimum > maximum {
		log.Fatal("Initial heap size set to a larger value than the maximum heap size")
	}
	if _, err := datasets(); err != nil {
		log.Fatal(err)
	}
	data := setup("bigParentDirectory")
	becomeTomcat(data)
	logs := filepath.Join(data, "logs")
	if err := os.MkdirAll(logs, 0o755); err != nil {
		log.Fatal(err)
	}
	file, err := os.OpenFile(filepath.Join(logs, "log.txt"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		log.Fatal(err)
	}
	version := os.Getenv("VERSION")
	fmt.Fprintf(file, "ERDDAP %s started\n", version)
	log.Printf("ERDDAP running with JAVA_OPTS: -Xms%d -Xmx%d", minimum, maximum)

	http.HandleFunc("/erddap/version", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "ERDDAP_version=%s\n", version)
	})
	http.HandleFunc("/erddap/index.html", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "<title>ERDDAP - %s</title>\n", setup("adminInstitution"))
	})
	http.HandleFunc("/erddap/tabledap/", func(w http.ResponseWriter, r *http.Request) {
		id, isTable := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/erddap/tabledap/"), ".csv")
		all, err := datasets() // the real one looks at the file again every few minutes
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		for _, found := range all {
			if isTable && found.ID == id && found.Active != "false" {
				found.serve(w)
				return
			}
		}
		http.Error(w, "Currently unknown datasetID="+id, http.StatusNotFound)
	})
	log.Fatal(http.ListenAndServe(":8080", nil))
}

// readSetup gives the settings of setup.xml; a variable ERDDAP_<setting> of the environment wins.
func readSetup() func(string) string {
	var setup struct {
		Settings []struct {
			XMLName xml.Name
			Value   string `xml:",chardata"`
		} `xml:",any"`
	}
	if err := readXML("setup.xml", &setup); err != nil {
		log.Fatal(err)
	}
	values := map[string]string{}
	for _, setting := range setup.Settings {
		values[setting.XMLName.Local] = setting.Value
	}
	return func(name string) string {
		value, isSet := os.LookupEnv("ERDDAP_" + name)
		if !isSet {
			value, isSet = values[name]
		}
		if !isSet {
			log.Fatalf("setup.xml: <%s> is missing", name)
		}
		return value
	}
}

func datasets() ([]dataset, error) {
	var all struct {
		Datasets []dataset `xml:"dataset"`
	}
	err := readXML("datasets.xml", &all)
	return all.Datasets, err
}

func readXML(name string, into any) error {
	text, err := os.ReadFile(content + name)
	if err != nil {
		return err
	}
	decoder := xml.NewDecoder(bytes.NewReader(text))
	decoder.CharsetReader = latin1
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// ERDDAP's files say that they are ISO-8859-1, in which each byte is the code point of its character.
func latin1(_ string, input io.Reader) (io.Reader, error) {
	text, err := io.ReadAll(input)
	var decoded strings.Builder
	for _, character := range text {
		decoded.WriteRune(rune(character))
	}
	return strings.NewReader(decoded.String()), err
}

// memory reads an amount as Java does: 512M, 4G.
func memory(name string) int {
	text := os.Getenv(name)
	if text == "" {
		text = os.Getenv("ERDDAP_MEMORY")
	}
	if text == "" {
		text = "4G"
	}
	unit := map[byte]int{'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30}[strings.ToUpper(text)[len(text)-1]]
	number, err := strconv.Atoi(text[:len(text)-1])
	if err != nil || unit == 0 {
		log.Fatalf("Invalid maximum heap size: %s=%s", name, text)
	}
	return number * unit
}

// The entrypoint of the real image starts as root, gives the data to Tomcat's user, and becomes that one.
func becomeTomcat(data string) {
	if os.Getuid() != 0 {
		return
	}
	err := filepath.Walk(data, func(path string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, tomcat, tomcat)
	})
	if err == nil {
		err = syscall.Setgid(tomcat)
	}
	if err == nil {
		err = syscall.Setuid(tomcat)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// serve writes the dataset as ERDDAP does: names, units, and then the rows.
func (d dataset) serve(w http.ResponseWriter) {
	entries, err := os.ReadDir(d.Directory)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	out := csv.NewWriter(w)
	defer out.Flush()
	var names, units []string
	for _, variable := range d.Variables {
		names = append(names, variable.Destination)
		unit := ""
		for _, attribute := range variable.Attributes {
			if attribute.Name == "units" {
				unit = attribute.Value
			}
		}
		units = append(units, unit)
	}
	_ = out.Write(names)
	_ = out.Write(units)
	for _, entry := range entries {
		if match, _ := regexp.MatchString("^(?:"+d.Files+")$", entry.Name()); match {
			d.serveFile(out, filepath.Join(d.Directory, entry.Name()))
		}
	}
}

func (d dataset) serveFile(out *csv.Writer, path string) {
	file, err := os.Open(path)
	if err != nil {
		log.Print(err)
		return
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) == 0 {
		log.Printf("%s: %v", path, err)
		return
	}
	column := map[string]int{}
	for index, name := range rows[0] {
		column[name] = index
	}
	for _, row := range rows[1:] {
		var values []string
		for _, variable := range d.Variables {
			values = append(values, row[column[variable.Source]])
		}
		_ = out.Write(values)
	}
}
