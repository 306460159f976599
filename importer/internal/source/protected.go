package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/xuri/excelize/v2"
)

// openOLE opens a workbook that is protected by a password. The other thing that an
// OLE file of a spreadsheet can be is the old .xls format.
func openOLE(f *file, opt Options) (records, error) {
	const encrypted = "E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00"
	if f.size > maxProtected {
		what := fmt.Sprintf("it is an OLE file of more than %d bytes", maxProtected)
		return nil, f.error(what, saveXLSX+", without a password")
	}
	content := make([]byte, f.size)
	if _, err := f.ReadAt(content, 0); err != nil && err != io.EOF {
		return nil, f.broken(err)
	}
	switch {
	case !bytes.Contains(content, []byte(encrypted)):
		return nil, f.error("it is a workbook of the old .xls format", saveXLSX)
	case opt.Password == "":
		const hint = "put the password into a file and give that as --password-file, " +
			"or save the workbook without one"
		return nil, f.error("the workbook is protected by a password", hint)
	}
	opened, err := decrypt(content, opt.Password)
	if err != nil {
		what := "the workbook can't be opened with this password: " + err.Error()
		return nil, f.error(what, "correct the password in the file of --password-file")
	}
	return openZip(newFile(f.path, bytes.NewReader(opened), int64(len(opened)), f.close), opt)
}

// maxProtected is the largest protected workbook: it has to be decrypted as a whole.
const maxProtected = 256 << 20

// decrypt takes a workbook's protection off. Of a wrong password the decryption may
// know nothing, and make bytes of it that are no archive.
func decrypt(content []byte, password string) (opened []byte, err error) {
	defer func() {
		if recover() != nil { // the decryption trusts what the file says of itself
			err = errors.New("its protection is damaged")
		}
	}()
	opened, err = excelize.Decrypt(content, &excelize.Options{Password: password})
	if err == nil && !bytes.HasPrefix(opened, []byte("PK")) {
		err = errors.New("the password is wrong, or the file damaged")
	}
	return opened, err
}
